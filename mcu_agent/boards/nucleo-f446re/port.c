/* STM32F446: 180 MHz = 16 MHz / 8 * 180 / 2, 5 wait states at 2.7-3.6 V (RM0390, table 5), scale 1,
 * over-drive. Written from the reference manual; not yet run on the chip. */
#include "mcu_agent/firmware/port.h"

#include "mcu_agent/boards/common/stm32_rcc.h"

#define FLASH_PREFETCH (1u << 8)
#define FLASH_ICACHE (1u << 9)
#define FLASH_DCACHE (1u << 10)

static uint32_t start_clock(uint32_t registers[5]) {
  static const stm32_pll kPll = {.m = 8,
                                 .n = 180,
                                 .p = 2,
                                 .wait_states = 5,
                                 .flash_features = FLASH_PREFETCH | FLASH_ICACHE | FLASH_DCACHE,
                                 .voltage_scale = 3u << 14,
                                 .over_drive = 1};
  return stm32_start_pll(&kPll, registers);
}

const port board_port = {
    .name = "nucleo-f446re",
    .start_clock = start_clock,
};
