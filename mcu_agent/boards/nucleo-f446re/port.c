/* STM32F446: 180 MHz, wait states by RM0390, table 5; scale 1, over-drive. Register
 * addresses and PWR's bits (VOS, over-drive) compared with stm32f446xx.h of ST's cmsis_device_f4.
 * Not yet run on the chip. */
#include "mcu_agent/firmware/port.h"

#include "mcu_agent/boards/common/stm32f4.h"

static uint32_t start_clock(uint32_t registers[5]) {
  return stm32f4_start_clock(180, 3u << 14, 1, registers);
}

const port board_port = {
    .name = "nucleo-f446re",
    .start_clock = start_clock,
};
