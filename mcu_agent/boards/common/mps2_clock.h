/* The MPS2 boards' clock, measured against the board's own 100 Hz counter. */
#ifndef TUNEFARM_MCU_AGENT_BOARDS_COMMON_MPS2_CLOCK_H_
#define TUNEFARM_MCU_AGENT_BOARDS_COMMON_MPS2_CLOCK_H_

#include <stdint.h>

/* start_clock of a port: nothing is set up, the frequency is measured over 10 ms. registers: FPGAIO
 * CLK100HZ at the end, core ticks counted between two of its steps, 0, 0, 0. */
uint32_t mps2_start_clock(uint32_t registers[5]);

#endif /* TUNEFARM_MCU_AGENT_BOARDS_COMMON_MPS2_CLOCK_H_ */
