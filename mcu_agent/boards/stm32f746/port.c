/* STM32F746: 216 MHz = 16 MHz / 8 * 216 / 2, 7 wait states at 2.7-3.6 V (RM0385, table 5), scale 1,
 * over-drive. Registers, bits and the map's memories compared with stm32f746xx.h of ST's
 * cmsis_device_f7. Not yet run on the chip. */
#include "mcu_agent/firmware/port.h"

#include "mcu_agent/boards/common/stm32_rcc.h"

#define FLASH_PREFETCH (1u << 8)
#define FLASH_ART (1u << 9)
#define FLASH_ART_RESET (1u << 11)

static uint32_t start_clock(uint32_t registers[5]) {
  static const stm32_pll kPll = {.m = 8,
                                 .n = 216,
                                 .p = 2,
                                 .wait_states = 7,
                                 .flash_features = FLASH_PREFETCH | FLASH_ART,
                                 .flash_resets = FLASH_ART_RESET,
                                 .voltage_scale = 3u << 14,
                                 .over_drive = 1};
  return stm32_start_pll(&kPll, registers);
}

const port board_port = {
    .name = "stm32f746",
    .start_clock = start_clock,
};
