// A kernel for a board without an OS, out of its ELF file: the bytes to be copied and where its
// entries are in them.
//
// Such a kernel is position-independent (ROPI): code and constants are one block that runs from
// wherever it is copied to, there is no data of its own, no relocation and no import. Pure; relies
// on base only. The file comes over the wire, so nothing in it is believed.
#ifndef TUNEFARM_MCU_AGENT_BRIDGE_KERNEL_IMAGE_H_
#define TUNEFARM_MCU_AGENT_BRIDGE_KERNEL_IMAGE_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace tunefarm::mcu_agent {

struct KernelImage {
  std::string bytes;  // Code, then constants; a multiple of 4 bytes long.
  uint32_t alignment_bytes = 4;
  uint32_t text_bytes = 0;  // Of `bytes`, what is executable.
  // Offsets into `bytes`, without the Thumb bit.
  uint32_t run_offset = 0;
  uint32_t prepare_offset = 0;
  bool has_prepare = false;
  // Region of the board's map that it must run from: what follows ".text." in the name of its code
  // section. Empty: any.
  std::string code_memory;
};

// Reads a 32-bit little-endian ARM ELF. `prepare_symbol` may be empty. Errors: INVALID_ARGUMENT
// with what is wrong and the value met: another machine, segments out of bounds or writable,
// relocations left, an entry that is missing or outside of the code.
absl::StatusOr<KernelImage> ReadKernelImage(std::string_view elf, const std::string& run_symbol,
                                            const std::string& prepare_symbol);

}  // namespace tunefarm::mcu_agent

#endif  // TUNEFARM_MCU_AGENT_BRIDGE_KERNEL_IMAGE_H_
