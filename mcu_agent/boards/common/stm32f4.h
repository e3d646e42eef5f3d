/* The clock of the STM32F4 ports: n MHz from 16 MHz / 8 * n / 2, 5 wait states at 2.7-3.6 V, flash
 * prefetch and caches on. Written from the reference manuals that the ports name and compared with
 * ST's headers as they say; not yet run on a chip. */
#ifndef TUNEFARM_MCU_AGENT_BOARDS_COMMON_STM32F4_H_
#define TUNEFARM_MCU_AGENT_BOARDS_COMMON_STM32F4_H_

#include "mcu_agent/boards/common/stm32_rcc.h"

/* voltage_scale and over_drive as in stm32_pll; registers as stm32_start_pll's. */
static inline uint32_t stm32f4_start_clock(uint32_t n, uint32_t voltage_scale, int over_drive,
                                           uint32_t registers[5]) {
  enum { kPrefetch = 1 << 8, kInstructionCache = 1 << 9, kDataCache = 1 << 10 };
  enum { kResetInstructionCache = 1 << 11, kResetDataCache = 1 << 12 };
  const stm32_pll pll = {.m = 8,
                         .n = n,
                         .p = 2,
                         .wait_states = 5,
                         .flash_features = kPrefetch | kInstructionCache | kDataCache,
                         .flash_resets = kResetInstructionCache | kResetDataCache,
                         .voltage_scale = voltage_scale,
                         .over_drive = over_drive};
  return stm32_start_pll(&pll, registers);
}

#endif /* TUNEFARM_MCU_AGENT_BOARDS_COMMON_STM32F4_H_ */
