/* Caches of a Cortex-M7; on cores without them nothing happens. */
#ifndef TUNEFARM_MCU_AGENT_FIRMWARE_CACHE_H_
#define TUNEFARM_MCU_AGENT_FIRMWARE_CACHE_H_

#include <stdint.h>

/* Switches on what there is; returns TUNEFARM_FEATURE_ICACHE and _DCACHE for it. */
uint32_t cache_start(void);

/* Writes the data cache back and empties both: memory, the debug port and the core agree. */
void cache_synchronize(void);

#endif /* TUNEFARM_MCU_AGENT_FIRMWARE_CACHE_H_ */
