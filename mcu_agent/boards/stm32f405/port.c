/* STM32F405: 168 MHz = 16 MHz / 8 * 168 / 2, 5 wait states at 2.7-3.6 V (RM0090, table 10),
 * scale 1. Written from the reference manual; not yet run on the chip. */
#include "mcu_agent/firmware/port.h"

#include "mcu_agent/boards/common/stm32_rcc.h"

#define FLASH_PREFETCH (1u << 8)
#define FLASH_ICACHE (1u << 9)
#define FLASH_DCACHE (1u << 10)

static uint32_t start_clock(uint32_t registers[5]) {
  static const stm32_pll kPll = {.m = 8,
                                 .n = 168,
                                 .p = 2,
                                 .wait_states = 5,
                                 .flash_features = FLASH_PREFETCH | FLASH_ICACHE | FLASH_DCACHE,
                                 .voltage_scale = 1u << 14,
                                 .over_drive = 0};
  return stm32_start_pll(&kPll, registers);
}

const port board_port = {
    .name = "stm32f405",
    .start_clock = start_clock,
    .extra_data = {.base = 0x10000000u, .size_log2 = 16}, /* CCM */
};
