/* Time on the target: ticks of the core's clock, 64 bits wide, and the bound of a call.
 *
 * SysTick runs during every call: it counts, and its interrupt ends the call that exceeds its
 * budget. Where DWT CYCCNT counts, it gives the low bits. Started and stopped by the exception
 * handlers in switch.c, next to the kernel's first and last instruction. */
#ifndef TUNEFARM_MCU_AGENT_FIRMWARE_TICKS_H_
#define TUNEFARM_MCU_AGENT_FIRMWARE_TICKS_H_

#include <stdint.h>

/* Finds out whether CYCCNT counts; returns an enum tunefarm_tick_source. */
uint32_t ticks_probe(void);

/* Before a call: arms SysTick so that it ends the call at the first wrap at or after `budget`
 * ticks. Up to 2^24 ticks that is the budget; above, at most 2^24 ticks later. */
void ticks_arm(uint64_t budget);

/* In SysTick's interrupt during a call: is the budget used up? */
int ticks_wrapped(void);

/* After a call: ticks between start and stop. */
uint64_t ticks_elapsed(void);

/* CYCCNT at start and stop, written by switch.c. */
extern uint32_t ticks_start_cycles;
extern uint32_t ticks_stop_cycles;

#endif /* TUNEFARM_MCU_AGENT_FIRMWARE_TICKS_H_ */
