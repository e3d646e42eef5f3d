/* STM32F407: 168 MHz, wait states by RM0090, table 10; scale 1 (VOS is one bit here). Registers,
 * bits and the map's memories compared with stm32f407xx.h of ST's cmsis_device_f4. Not yet run on
 * the chip. */
#include "mcu_agent/firmware/port.h"

#include "mcu_agent/boards/common/stm32f4.h"

static uint32_t start_clock(uint32_t registers[5]) {
  return stm32f4_start_clock(168, 1u << 14, 0, registers);
}

const port board_port = {
    .name = "stm32f407",
    .start_clock = start_clock,
    .extra_data = {.base = 0x10000000u, .size_log2 = 16}, /* CCM */
};
