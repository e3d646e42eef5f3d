#include "mcu_agent/firmware/crc32.h"

/* By nibbles: sixteen words of table instead of 256. */
static const uint32_t kNibble[16] = {
    0x00000000, 0x1DB71064, 0x3B6E20C8, 0x26D930AC, 0x76DC4190, 0x6B6B51F4, 0x4DB26158, 0x5005713C,
    0xEDB88320, 0xF00F9344, 0xD6D6A3E8, 0xCB61B38C, 0x9B64C2B0, 0x86D3D2D4, 0xA00AE278, 0xBDBDF21C,
};

uint32_t crc32(uint32_t address, uint32_t num_bytes) {
  const uint8_t* byte = (const uint8_t*)address;
  uint32_t crc = 0xFFFFFFFFu;
  for (uint32_t i = 0; i < num_bytes; ++i) {
    crc ^= byte[i];
    crc = crc >> 4 ^ kNibble[crc & 15u];
    crc = crc >> 4 ^ kNibble[crc & 15u];
  }
  return ~crc;
}
