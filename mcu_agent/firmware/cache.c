#include "mcu_agent/firmware/cache.h"

#include "mcu_agent/firmware/armv7m.h"
#include "proto/mcu_mailbox.h"

/* CLIDR, level 1: bit 0 an instruction cache, bit 1 a data cache. */
#define LEVEL1_INSTRUCTION 1u
#define LEVEL1_DATA 2u

static uint32_t features;

/* Every line by set and way, through `operation` (Armv7-M Architecture Reference Manual, B2.2.7).
 */
static void for_each_line(volatile uint32_t* operation) {
  SCB_CSSELR = 0;
  barrier();
  const uint32_t size = SCB_CCSIDR;
  const uint32_t last_set = size >> 13 & 0x7FFFu;
  const uint32_t last_way = size >> 3 & 0x3FFu;
  const uint32_t line_log2 = (size & 7u) + 4u;
  const uint32_t way_shift = last_way == 0 ? 0 : (uint32_t)__builtin_clz(last_way);
  for (uint32_t set = 0; set <= last_set; ++set) {
    for (uint32_t way = 0; way <= last_way; ++way) {
      *operation = way << way_shift | set << line_log2;
    }
  }
  barrier();
}

uint32_t cache_start(void) {
  const uint32_t level1 = SCB_CLIDR & 7u;
  if ((level1 & LEVEL1_INSTRUCTION) != 0) {
    ICIALLU = 0;
    barrier();
    SCB_CCR |= SCB_CCR_IC;
    features |= TUNEFARM_FEATURE_ICACHE;
  }
  if ((level1 & LEVEL1_DATA) != 0) {
    if ((SCB_CCR & SCB_CCR_DC) == 0) for_each_line(&DCISW);
    SCB_CCR |= SCB_CCR_DC;
    features |= TUNEFARM_FEATURE_DCACHE;
  }
  barrier();
  return features;
}

void cache_synchronize(void) {
  barrier();
  if ((features & TUNEFARM_FEATURE_DCACHE) != 0) for_each_line(&DCCISW);
  if ((features & TUNEFARM_FEATURE_ICACHE) != 0) ICIALLU = 0;
  barrier();
}
