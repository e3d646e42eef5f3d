#include "mcu_agent/bridge/board_device.h"

#include <array>
#include <vector>

#include "absl/strings/str_format.h"
#include "proto/code_memory.h"
#include "proto/kernel_abi.h"

namespace tunefarm::mcu_agent {
namespace {

// Triple and features of the compiler's targets of the same names. A kernel for another core would
// run, but its time would not be the target's: so the cores do not claim each other's features.
struct CpuWords {
  const char* cpu;
  const char* triple;
  std::vector<std::string> features;
};

const std::array<CpuWords, 4>& Cpus() {
  static const auto* const cpus = new std::array<CpuWords, 4>{{
      {"cortex-m3", "thumbv7m-none-unknown-eabi", {}},
      {"cortex-m4", "thumbv7em-none-unknown-eabihf", {"dsp", "vfp4d16sp"}},
      {"cortex-m7", "thumbv7em-none-unknown-eabihf", {"dsp", "fp-armv8d16"}},
      {"cortex-m33", "thumbv8m.main-none-unknown-eabihf", {"dsp", "fp-armv8d16sp"}},
  }};
  return *cpus;
}

}  // namespace

absl::StatusOr<v1::DeviceInfo> DescribeBoard(const BoardMap& board) {
  for (const CpuWords& words : Cpus()) {
    if (board.cpu != words.cpu) continue;
    v1::DeviceInfo device;
    device.set_triple(words.triple);
    device.set_cpu(words.cpu);
    device.mutable_features()->Assign(words.features.begin(), words.features.end());
    // Kernels that are for one memory go only to boards that have it.
    for (const MemoryRegion& region : board.regions) {
      if (region.code) device.add_features(TUNEFARM_CODE_FEATURE_PREFIX + region.name);
    }
    device.set_num_cores(1);
    uint64_t memory_bytes = 0;
    for (const MemoryRegion& region : board.regions) {
      if (!region.flash) memory_bytes += region.range.bytes;
    }
    device.set_memory_bytes(memory_bytes);
    (*device.mutable_tags())["board"] = board.name;
    device.set_emulated(board.emulator.has_value());
    device.set_kernel_abi_version(TUNEFARM_KERNEL_ABI_VERSION);
    device.set_model(board.description);
    return device;
  }
  return absl::InvalidArgumentError(
      absl::StrFormat("board %s has a %s, which no kernel is compiled for", board.name, board.cpu));
}

v1::DeviceInfo DescribeUnusable(const std::string& board, bool emulated) {
  v1::DeviceInfo device;
  device.set_triple("thumb-none-unknown-eabi");
  (*device.mutable_tags())["board"] = board;
  device.set_emulated(emulated);
  device.set_kernel_abi_version(TUNEFARM_KERNEL_ABI_VERSION);
  return device;
}

}  // namespace tunefarm::mcu_agent
