// Compiled kernels on an emulated Cortex-M: QEMU runs them one after another in one process, counts
// instructions and gives the buffers back. For property tests and tests/bench/cortex_m; needs
// qemu-system-arm, and clang at build time for the monitor. Instructions are what is counted:
// QEMU's -icount knows no caches, wait states or dual issue.
#ifndef TUNEFARM_TESTS_SUPPORT_EMULATED_CORE_EMULATED_CORE_H_
#define TUNEFARM_TESTS_SUPPORT_EMULATED_CORE_EMULATED_CORE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "compiler/artifact/artifact.h"

namespace tunefarm::testing {

struct CoreTask {
  compiler::Artifact artifact;                // For a target without an operating system.
  std::vector<std::vector<uint8_t>> buffers;  // One per buffer of the artifact.
};

struct CoreResult {
  int64_t run_instructions = 0;  // To within 3.
  int64_t prepare_instructions = 0;
  std::vector<std::vector<uint8_t>> buffers;  // After prepare and run.
};

// Why nothing can be emulated here: a program is missing. Empty if all is there.
std::string WhyNoEmulatedCore();

// `machine`: "mps2-an386" (Cortex-M4), "mps2-an500" (Cortex-M7) or "mps2-an505" (Cortex-M33). The
// tasks' memory, 15 MiB at most, holds images, buffers and scratch of all of them. Errors:
// kInternal (a fault on the core, with the task's number; QEMU's words), kResourceExhausted,
// kInvalidArgument (no such machine).
absl::StatusOr<std::vector<CoreResult>> RunOnCore(const std::string& machine,
                                                  const std::vector<CoreTask>& tasks);

// The machine for a target's cpu; empty: none has it.
std::string MachineOf(const std::string& cpu);

}  // namespace tunefarm::testing

#endif  // TUNEFARM_TESTS_SUPPORT_EMULATED_CORE_EMULATED_CORE_H_
