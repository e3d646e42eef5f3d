#include "mcu_agent/firmware/mpu.h"

#include "mcu_agent/firmware/armv7m.h"
#include "mcu_agent/firmware/port.h"

/* Armv7-M Architecture Reference Manual, B3.5. Where regions overlap the higher number wins, so the
 * exceptions follow the rule. Privileged code sees the default map beneath. */
#define REGION_CODE 0u
#define REGION_SRAM 1u
#define REGION_EXTRA 2u
#define REGION_FIRMWARE 3u
#define REGION_GUARD 4u
#define REGION_STACK_GUARD 5u
#define NUM_REGIONS 6u

#define ACCESS_FIRMWARE_ONLY (1u << 24)
#define ACCESS_KERNEL_READS (2u << 24)
#define ACCESS_ALL (3u << 24)
#define NO_EXECUTION (1u << 28)

/* TEX, C and B: what the default map says of code space and SRAM, so that caching is as on the bare
 * chip. */
#define WRITE_THROUGH (1u << 17)
#define WRITE_BACK ((1u << 19) | (1u << 17) | (1u << 16))
#define NOT_CACHED (1u << 19)

#define CTRL_ENABLE_WITH_DEFAULT_MAP 5u
#define HALF_GIGABYTE_LOG2 29u
#define SRAM_BASE 0x20000000u
#define STACK_GUARD_LOG2 5u

extern char FIRMWARE_BASE[];
extern char FIRMWARE_BYTES[];

static uint32_t log2_of(uint32_t power) { return 31u - (uint32_t)__builtin_clz(power); }

static void set_region(uint32_t region, uint32_t base, uint32_t size_log2, uint32_t attributes) {
  MPU_RNR = region;
  MPU_RBAR = base;
  MPU_RASR = attributes | (size_log2 - 1u) << 1 | 1u;
}

static void drop_region(uint32_t region) {
  MPU_RNR = region;
  MPU_RASR = 0;
}

int mpu_start(void) {
  const uint32_t available = MPU_TYPE >> 8 & 0xFFu;
  if (available < NUM_REGIONS) return 0;
  MPU_CTRL = 0;
  for (uint32_t region = 0; region < available; ++region) drop_region(region);
  set_region(REGION_CODE, 0, HALF_GIGABYTE_LOG2, ACCESS_KERNEL_READS | WRITE_THROUGH);
  set_region(REGION_SRAM, SRAM_BASE, HALF_GIGABYTE_LOG2, ACCESS_ALL | WRITE_BACK);
  if (board_port.extra_data.size_log2 != 0) {
    set_region(REGION_EXTRA, board_port.extra_data.base, board_port.extra_data.size_log2,
               ACCESS_ALL | NO_EXECUTION | WRITE_THROUGH);
  }
  /* Not cached: the debug port sees the mailbox as it is. */
  set_region(REGION_FIRMWARE, (uint32_t)FIRMWARE_BASE, log2_of((uint32_t)FIRMWARE_BYTES),
             ACCESS_KERNEL_READS | NOT_CACHED);
  MPU_CTRL = CTRL_ENABLE_WITH_DEFAULT_MAP;
  barrier();
  return 1;
}

void mpu_guard(uint32_t guard_base, uint32_t guard_bytes, uint32_t stack_base) {
  if ((MPU_CTRL & 1u) == 0) return;
  if (guard_bytes == 0) {
    drop_region(REGION_GUARD);
  } else {
    set_region(REGION_GUARD, guard_base, log2_of(guard_bytes),
               ACCESS_KERNEL_READS | (guard_base < SRAM_BASE ? WRITE_THROUGH : WRITE_BACK));
  }
  set_region(REGION_STACK_GUARD, stack_base, STACK_GUARD_LOG2,
             ACCESS_FIRMWARE_ONLY | NO_EXECUTION | WRITE_BACK);
  barrier();
}
