#include "mcu_agent/boards/common/mps2_clock.h"

#include "mcu_agent/firmware/armv7m.h"

/* Application notes AN385, AN386, AN500: FPGAIO. */
#define FPGAIO_CLK100HZ REGISTER(0x40028014u)
#define STEPS_PER_SECOND 100u
/* The oscillators' step; the measurement is within some hundred Hz. */
#define ROUND_HZ 10000u

uint32_t mps2_start_clock(uint32_t registers[5]) {
  SYST_RVR = SYST_MAX;
  const uint32_t before = FPGAIO_CLK100HZ;
  while (FPGAIO_CLK100HZ == before) {
  }
  SYST_CVR = 0;
  SYST_CSR = SYST_CSR_RUN & ~2u; /* No interrupt: nothing is set up to take it. */
  const uint32_t begin = FPGAIO_CLK100HZ;
  while (FPGAIO_CLK100HZ == begin) {
  }
  const uint32_t ticks = SYST_MAX - SYST_CVR;
  SYST_CSR = 0;
  registers[0] = FPGAIO_CLK100HZ;
  registers[1] = ticks;
  return (ticks * STEPS_PER_SECOND + ROUND_HZ / 2u) / ROUND_HZ * ROUND_HZ;
}
