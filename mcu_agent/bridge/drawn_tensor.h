// Test data of a kernel's inputs and constants, as the board will hold them, and the checksum that
// tells whether it still does. Pure.
#ifndef TUNEFARM_MCU_AGENT_BRIDGE_DRAWN_TENSOR_H_
#define TUNEFARM_MCU_AGENT_BRIDGE_DRAWN_TENSOR_H_

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "tunefarm/v1/kernel.pb.h"

namespace tunefarm::mcu_agent {

// CRC-32 as zlib has it (reflected 0xEDB88320): what the firmware computes.
uint32_t Crc32(std::string_view bytes);

// What is the same for tensors of the same bytes: seed, position, type, size and fill.
std::string DrawnKey(const v1::Buffer& buffer, uint32_t position, uint64_t seed);

// The elements of a drawn buffer at `position` of its signature (proto/tensor_fill.h), as many
// bytes as it has. Requires that CheckSignature accepted the signature.
std::string DrawTensor(const v1::Buffer& buffer, uint32_t position, uint64_t seed);

// Checksums of drawn tensors, computed once each. One thread at a time.
class DrawnChecksums {
 public:
  uint32_t Of(const v1::Buffer& buffer, uint32_t position, uint64_t seed);

 private:
  std::map<std::string, uint32_t> by_key_;
};

}  // namespace tunefarm::mcu_agent

#endif  // TUNEFARM_MCU_AGENT_BRIDGE_DRAWN_TENSOR_H_
