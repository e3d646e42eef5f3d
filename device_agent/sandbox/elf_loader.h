// Places a kernel's image in this process: memory, relocations, page protection.
//
// Used in the candidate's process only, before the sandbox is shut; nothing of the kernel runs
// here.
#ifndef TUNEFARM_DEVICE_AGENT_SANDBOX_ELF_LOADER_H_
#define TUNEFARM_DEVICE_AGENT_SANDBOX_ELF_LOADER_H_

#include <cstdint>
#include <map>
#include <span>
#include <string>

#include "absl/status/statusor.h"
#include "proto/kernel_abi.h"

namespace tunefarm::device_agent {

// The image stays mapped until the process ends: its owner lives no longer than one candidate.
class LoadedKernel {
 public:
  // INVALID_ARGUMENT: refused by ReadElf. RESOURCE_EXHAUSTED: no memory for the image.
  static absl::StatusOr<LoadedKernel> Load(std::span<const uint8_t> file);

  // INVALID_ARGUMENT when the kernel exports no function of that name.
  absl::StatusOr<tunefarm_kernel_fn> Function(const std::string& name) const;

 private:
  uint8_t* base_ = nullptr;
  std::map<std::string, uint64_t> functions_;
};

}  // namespace tunefarm::device_agent

#endif  // TUNEFARM_DEVICE_AGENT_SANDBOX_ELF_LOADER_H_
