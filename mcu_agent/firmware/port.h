/* What a board brings: one file port.c in its folder under mcu_agent/boards (docs/add-a-board.md).
 */
#ifndef TUNEFARM_MCU_AGENT_FIRMWARE_PORT_H_
#define TUNEFARM_MCU_AGENT_FIRMWARE_PORT_H_

#include <stdint.h>

/* A region that kernels may read and write besides the SRAM at 0x20000000. */
typedef struct port_data_region {
  uint32_t base;      /* A multiple of its size. */
  uint32_t size_log2; /* 0: there is none. */
} port_data_region;

typedef struct port {
  const char* name; /* The board's folder. */
  /* Sets up clocks, flash wait states and memories, and returns the core's frequency as it follows
   * from the registers afterwards, which it leaves in `registers`. Runs once, before caches and MPU
   * are on. */
  uint32_t (*start_clock)(uint32_t registers[5]);
  /* Sleep between two looks at the doorbell: for emulators, where an idle core costs the host a
   * processor. A chip spins, because its debug port may not reach memory while the core sleeps. */
  int sleep_when_idle;
  port_data_region extra_data;
} port;

/* Defined by the board. */
extern const port board_port;

#endif /* TUNEFARM_MCU_AGENT_FIRMWARE_PORT_H_ */
