// Reads a kernel's shared object and says whether it is one that may be loaded.
//
// A kernel is code and constants that import nothing and run nothing by themselves. So instead of
// the system's dynamic loader, which would run constructors before the sandbox is shut and is
// missing from static agents, the agent reads the few structures it needs and refuses everything
// else by name. Pure: bytes in, plan out; every offset of the (untrusted) file is checked.
// ElfLoader maps the plan.
#ifndef TUNEFARM_DEVICE_AGENT_SANDBOX_ELF_IMAGE_H_
#define TUNEFARM_DEVICE_AGENT_SANDBOX_ELF_IMAGE_H_

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "device_agent/sandbox/machine.h"

namespace tunefarm::device_agent {

// Bytes of the file at `file_offset` placed at `address` from the image's base, then zeros.
struct ElfSegment {
  uint64_t address = 0;
  uint64_t memory_bytes = 0;
  uint64_t file_offset = 0;
  uint64_t file_bytes = 0;  // At most memory_bytes.
  bool writable = false;    // Never together with executable.
  bool executable = false;
};

// The word at `address`, as wide as a pointer, becomes base + value. Both count from the image's
// base.
struct ElfRelocation {
  uint64_t address = 0;
  uint64_t value = 0;
};

struct ElfImage {
  std::vector<ElfSegment> segments;  // By address; no two share a page.
  std::vector<ElfRelocation> relocations;
  // Exported name -> address inside an executable segment, with the Thumb bit on 32-bit ARM.
  std::map<std::string, uint64_t> functions;
  uint64_t memory_bytes = 0;  // End of the last segment.
};

// INVALID_ARGUMENT names what is wrong: cut short, another machine, an import, a constructor, ...
// `page_bytes` is the page size that protection works in. `machine` is the one the kernel is to run
// on; tests read for machines that are not theirs.
absl::StatusOr<ElfImage> ReadElf(std::span<const uint8_t> file, uint64_t page_bytes,
                                 const Machine& machine = kMachine);

}  // namespace tunefarm::device_agent

#endif  // TUNEFARM_DEVICE_AGENT_SANDBOX_ELF_IMAGE_H_
