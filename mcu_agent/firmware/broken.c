#include "mcu_agent/firmware/broken.h"

extern tunefarm_mailbox mailbox; /* By the linker script. */

_Noreturn void firmware_broken(const tunefarm_fault* fault) {
  volatile tunefarm_progress* const progress = &mailbox.progress;
  progress->fault = *fault;
  progress->state = TUNEFARM_MCU_BROKEN;
  for (;;) {
  }
}
