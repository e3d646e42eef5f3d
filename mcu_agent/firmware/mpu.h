/* The memory protection unit as seen by a kernel (unprivileged): what it may write, and what not.
 */
#ifndef TUNEFARM_MCU_AGENT_FIRMWARE_MPU_H_
#define TUNEFARM_MCU_AGENT_FIRMWARE_MPU_H_

#include <stdint.h>

/* Switches the MPU on with the regions that never change. Returns 0 where there is none. */
int mpu_start(void);

/* The regions of a queue: the range that kernels may not write (bytes 0: none; else a power of two
 * from 32, base a multiple of it) and the guard of 32 bytes at the bottom of their stack. */
void mpu_guard(uint32_t guard_base, uint32_t guard_bytes, uint32_t stack_base);

#endif /* TUNEFARM_MCU_AGENT_FIRMWARE_MPU_H_ */
