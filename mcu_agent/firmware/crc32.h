/* CRC-32 as zlib has it (reflected 0xEDB88320). */
#ifndef TUNEFARM_MCU_AGENT_FIRMWARE_CRC32_H_
#define TUNEFARM_MCU_AGENT_FIRMWARE_CRC32_H_

#include <stdint.h>

uint32_t crc32(uint32_t address, uint32_t num_bytes);

#endif /* TUNEFARM_MCU_AGENT_FIRMWARE_CRC32_H_ */
