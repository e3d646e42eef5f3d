/* The end of a firmware that itself faulted. */
#ifndef TUNEFARM_MCU_AGENT_FIRMWARE_BROKEN_H_
#define TUNEFARM_MCU_AGENT_FIRMWARE_BROKEN_H_

#include "proto/mcu_mailbox.h"

/* Leaves the fault in the mailbox, where the debugger finds it, and stays there. */
_Noreturn void firmware_broken(const tunefarm_fault* fault);

#endif /* TUNEFARM_MCU_AGENT_FIRMWARE_BROKEN_H_ */
