#include "mcu_agent/firmware/port.h"

#include "mcu_agent/boards/common/mps2_clock.h"

const port board_port = {
    .name = "mps2-an500",
    .start_clock = mps2_start_clock,
    .sleep_when_idle = 1,
    .extra_data = {.base = 0x60000000u, .size_log2 = 24}, /* PSRAM */
};
