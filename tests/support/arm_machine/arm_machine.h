// Runs compiled Arm kernels under QEMU's user mode, for tests and benchmarks: each kernel's object
// is linked with a program that needs nothing (start.c). Relies on clang-19, lld-19 and QEMU.
#ifndef TUNEFARM_TESTS_SUPPORT_ARM_MACHINE_ARM_MACHINE_H_
#define TUNEFARM_TESTS_SUPPORT_ARM_MACHINE_ARM_MACHINE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "compiler/artifact/artifact.h"

namespace tunefarm::testing {

class ArmMachine {
 public:
  // For kernels of this triple (aarch64-... or arm...). Errors: kUnavailable names the program that
  // is missing; kInternal (what clang says of start.c).
  static absl::StatusOr<ArmMachine> Make(const std::string& triple);

  ArmMachine(ArmMachine&& other) noexcept;
  ArmMachine& operator=(ArmMachine&&) = delete;
  ~ArmMachine();

  struct Call {
    bool parallel = false;  // Offer a parallel_for of two workers, run in turn.
    int64_t repeats = 1;    // Calls of run.
  };
  // Calls prepare, if there is one, and run on a copy of the buffers (those of the artifact, in its
  // order). The artifact's entries must be named "kernel". Returns the last buffer. Errors:
  // kInternal: the kernel does not link, faults (touching more than its buffers is a fault) or
  // returns another value than 0.
  absl::StatusOr<std::vector<uint8_t>> Run(const compiler::Artifact& artifact,
                                           const std::vector<std::vector<uint8_t>>& buffers,
                                           const Call& call);

  // Instructions that one call of run executes, counted by QEMU's plugin `plugin_path`.
  absl::StatusOr<uint64_t> CountInstructions(const compiler::Artifact& artifact,
                                             const std::vector<std::vector<uint8_t>>& buffers,
                                             const std::string& plugin_path);

 private:
  ArmMachine() = default;
  absl::Status Link(const compiler::Artifact& artifact);
  absl::StatusOr<std::vector<uint8_t>> Execute(const compiler::Artifact& artifact,
                                               const std::vector<std::vector<uint8_t>>& buffers,
                                               const Call& call, const std::string& emulator);

  std::string folder_;  // Of this object's own, removed with it.
  std::string architecture_;
  std::string clang_target_;
};

}  // namespace tunefarm::testing

#endif  // TUNEFARM_TESTS_SUPPORT_ARM_MACHINE_ARM_MACHINE_H_
