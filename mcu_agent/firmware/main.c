/* The firmware's beginning and its loop: boots, says what it is, waits for the doorbell. */
#include "mcu_agent/firmware/armv7m.h"
#include "mcu_agent/firmware/cache.h"
#include "mcu_agent/firmware/mpu.h"
#include "mcu_agent/firmware/port.h"
#include "mcu_agent/firmware/queue.h"
#include "mcu_agent/firmware/switch.h"
#include "mcu_agent/firmware/ticks.h"
#include "proto/kernel_abi.h"
#include "proto/mcu_mailbox.h"

#define IDLE_ALARMS_PER_SECOND_LOG2 9u

/* By the linker script. */
extern tunefarm_mailbox mailbox;
extern uint32_t stack_top[];
extern uint32_t bss_begin[];
extern uint32_t bss_end[];

_Noreturn void reset_handler(void);

/* Sixteen system exceptions; no interrupt of a peripheral is ever enabled. */
__attribute__((section(".vectors"), used)) static const void* const vectors[16] = {
    stack_top,
    reset_handler,
    fault_handler,
    fault_handler,
    fault_handler,
    fault_handler,
    fault_handler,
    0,
    0,
    0,
    0,
    svc_handler,
    fault_handler,
    0,
    fault_handler,
    systick_handler,
};

/* The compiler calls these for copies and clearings, by the names of the Arm runtime ABI. */
void* memcpy(void* restrict destination, const void* restrict source, __SIZE_TYPE__ num_bytes) {
  volatile uint8_t* to = destination;
  const uint8_t* from = source;
  while (num_bytes-- > 0) *to++ = *from++;
  return destination;
}
void __aeabi_memcpy(void*, const void*, __SIZE_TYPE__) __attribute__((alias("memcpy")));
void __aeabi_memcpy4(void*, const void*, __SIZE_TYPE__) __attribute__((alias("memcpy")));

void __aeabi_memclr(void* destination, __SIZE_TYPE__ num_bytes) {
  volatile uint8_t* byte = destination;
  while (num_bytes-- > 0) *byte++ = 0;
}
void __aeabi_memclr4(void*, __SIZE_TYPE__) __attribute__((alias("__aeabi_memclr")));

static uint32_t start_fpu(void) {
#ifdef __ARM_FP
  SCB_CPACR |= 0xFu << 20; /* CP10 and CP11: full access. */
  barrier();
  FPU_FPCCR = 0; /* No automatic stacking: see switch.c. */
  barrier();
  return TUNEFARM_FEATURE_FPU;
#else
  return 0;
#endif
}

static void say_who(uint32_t features) {
  tunefarm_identity* const identity = &mailbox.identity;
  identity->version = TUNEFARM_MAILBOX_VERSION;
  identity->capacity = TUNEFARM_MAILBOX_CAPACITY;
  identity->kernel_abi_version = TUNEFARM_KERNEL_ABI_VERSION;
  identity->features = features;
  identity->cpuid = SCB_CPUID;
  for (uint32_t i = 0; i + 1u < sizeof(identity->board) && board_port.name[i] != 0; ++i) {
    identity->board[i] = board_port.name[i];
  }
}

/* Looks at the doorbell for ever. */
static _Noreturn void serve(void) {
  volatile tunefarm_mailbox* const box = &mailbox;
  for (;;) {
    const uint32_t doorbell = box->control.doorbell;
    if (doorbell == box->progress.acknowledged) {
      if (board_port.sleep_when_idle) {
        SYST_RVR = box->clock.tick_hz >> IDLE_ALARMS_PER_SECOND_LOG2;
        SYST_CVR = 0;
        SYST_CSR = SYST_CSR_RUN;
        __asm volatile("wfi");
        SYST_CSR = SYST_CSR_STOP;
      }
      continue;
    }
    /* In this order: the debug port must never see the new number together with IDLE. */
    box->progress.state = TUNEFARM_MCU_RUNNING;
    box->progress.acknowledged = doorbell;
    box->progress.command_error =
        box->control.command == TUNEFARM_MCU_RUN ? queue_run(&mailbox) : TUNEFARM_COMMAND_UNKNOWN;
    __asm volatile("dsb" ::: "memory");
    box->progress.state = TUNEFARM_MCU_IDLE;
  }
}

_Noreturn void reset_handler(void) {
  for (uint32_t* word = bss_begin; word < bss_end; ++word) *word = 0;
  __aeabi_memclr4(&mailbox, sizeof(mailbox));
  SCB_VTOR = (uint32_t)vectors;
  SCB_SHCSR |= SCB_SHCSR_FAULTS;
  uint32_t features = start_fpu();
  mailbox.clock.tick_hz = board_port.start_clock(mailbox.clock.registers);
  /* The MPU first: with the caches on, no line of the firmware's block may ever be cached. */
  features |= mpu_start() ? TUNEFARM_FEATURE_MPU : 0;
  features |= cache_start();
  mailbox.clock.tick_source = ticks_probe();
  say_who(features);
  mailbox.progress.state = TUNEFARM_MCU_IDLE;
  __asm volatile("dsb" ::: "memory");
  ((volatile tunefarm_mailbox*)&mailbox)->identity.magic = TUNEFARM_MAILBOX_MAGIC;
  serve();
}
