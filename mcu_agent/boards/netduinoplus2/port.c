#include "mcu_agent/firmware/port.h"

/* QEMU 7.2 clocks this machine's core and SysTick at a constant 168 MHz (hw/arm/netduinoplus2.c)
 * and has no RCC whose registers could tell. */
#define QEMU_CORE_HZ 168000000u

static uint32_t start_clock(uint32_t registers[5]) {
  (void)registers;
  return QEMU_CORE_HZ;
}

const port board_port = {
    .name = "netduinoplus2",
    .start_clock = start_clock,
    .sleep_when_idle = 1,
};
