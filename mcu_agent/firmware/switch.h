/* Between the firmware (privileged, main stack) and a kernel (unprivileged, its own stack).
 *
 * A kernel is entered by the supervisor call 0 and left by the supervisor call 1, by a fault, or by
 * SysTick when its budget is used up. In all cases task_enter returns: the firmware's stack is as
 * it was. */
#ifndef TUNEFARM_MCU_AGENT_FIRMWARE_SWITCH_H_
#define TUNEFARM_MCU_AGENT_FIRMWARE_SWITCH_H_

#include <stdint.h>

#include "proto/mcu_mailbox.h"

/* What an exception leaves on the stack, and what starts a kernel. */
typedef struct exception_frame {
  uint32_t r0, r1, r2, r3, r12, lr, pc, xpsr;
} exception_frame;

enum leave_reason { LEFT_BY_RETURN = 0, LEFT_BY_TIMEOUT = 1, LEFT_BY_FAULT = 2 };

typedef struct task_stack {
  uint32_t base;
  uint32_t bytes;
} task_stack;

/* Calls `entry` as a tunefarm_kernel_fn, timed. `result` gets what it returns, `fault` why it did
 * not. */
enum leave_reason task_call(const task_stack* stack, uint32_t entry, uint32_t buffers,
                            uint32_t scratch, int32_t* result, tunefarm_fault* fault);

/* The exception vectors' entries. */
void svc_handler(void);
void systick_handler(void);
void fault_handler(void);

/* An entry that does nothing, to time the call itself. */
void empty_entry(void);

#endif /* TUNEFARM_MCU_AGENT_FIRMWARE_SWITCH_H_ */
