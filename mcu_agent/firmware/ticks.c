#include "mcu_agent/firmware/ticks.h"

#include "mcu_agent/firmware/armv7m.h"
#include "proto/mcu_mailbox.h"

/* Below this an interrupt could hit before the kernel's first instruction. */
#define MIN_BUDGET_TICKS 256u
#define DWT_UNLOCK 0xC5ACCE55u
#define DWT_CTRL_CYCCNTENA 1u

uint32_t ticks_start_cycles;
uint32_t ticks_stop_cycles;

static uint32_t source;
static volatile uint32_t wraps;
static uint32_t max_wraps;

uint32_t ticks_probe(void) {
  DCB_DEMCR |= DCB_DEMCR_TRCENA;
  DWT_LAR = DWT_UNLOCK;
  DWT_CYCCNT = 0;
  DWT_CTRL |= DWT_CTRL_CYCCNTENA;
  const uint32_t before = DWT_CYCCNT;
  for (volatile int i = 0; i < 16; ++i) {
  }
  source = DWT_CYCCNT != before ? TUNEFARM_TICKS_DWT : TUNEFARM_TICKS_SYSTICK;
  return source;
}

void ticks_arm(uint64_t budget) {
  SYST_CSR = SYST_CSR_STOP;
  if (budget < MIN_BUDGET_TICKS) budget = MIN_BUDGET_TICKS;
  if (budget <= SYST_MAX) {
    SYST_RVR = (uint32_t)budget - 1u;
    max_wraps = 1;
  } else {
    SYST_RVR = SYST_MAX;
    const uint64_t periods = (budget + SYST_MAX) >> 24;
    max_wraps = periods > UINT32_MAX ? UINT32_MAX : (uint32_t)periods;
  }
  wraps = 0;
}

int ticks_wrapped(void) {
  wraps = wraps + 1u;
  return wraps >= max_wraps;
}

uint64_t ticks_elapsed(void) {
  /* A wrap whose interrupt came too late to be taken. */
  if ((SCB_ICSR & SCB_ICSR_PENDSTSET) != 0) {
    SCB_ICSR = SCB_ICSR_PENDSTCLR;
    wraps = wraps + 1u;
  }
  const uint32_t period = SYST_RVR + 1u;
  const uint32_t value = SYST_CVR;
  const uint64_t coarse = (uint64_t)wraps * period + (value == 0 ? 0 : period - value);
  if (source != TUNEFARM_TICKS_DWT) return coarse;
  /* Both count the same clock; the difference of their low words is small, whatever CYCCNT's wraps.
   */
  const uint32_t cycles = ticks_stop_cycles - ticks_start_cycles;
  return coarse + (uint64_t)(int64_t)(int32_t)(cycles - (uint32_t)coarse);
}
