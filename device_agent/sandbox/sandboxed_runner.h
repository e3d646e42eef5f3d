// A KernelRunner for this machine: every candidate in a process of its own, with limits.
//
//   agent (threads, gRPC) -- channel --> runner (one thread, forks) -- fork --> child (the kernel)
//
// This side checks candidates, makes the memory files they need and talks to the runner; it starts
// a new runner whenever there is none. Nothing of a candidate's bytes is interpreted on this side.
#ifndef TUNEFARM_DEVICE_AGENT_SANDBOX_SANDBOXED_RUNNER_H_
#define TUNEFARM_DEVICE_AGENT_SANDBOX_SANDBOXED_RUNNER_H_

#include <sys/types.h>

#include <atomic>
#include <functional>
#include <optional>
#include <string>

#include "base/unique_fd.h"
#include "device_agent/heat_hold.h"
#include "device_agent/kernel_runner.h"
#include "device_agent/sandbox/candidate_child.h"
#include "device_agent/sandbox/tensor_store.h"

namespace tunefarm::device_agent {

struct SandboxOptions {
  // The binary that has the --runner mode; this process's own by default.
  std::string runner_executable = "/proc/self/exe";
  // The program that binary is started with: an emulator, which takes its path as first argument.
  // Empty: none.
  std::string emulator;
  std::string triple;  // Of this machine: kernels of other architectures are refused.
  bool emulated = false;
  // cores[0] runs kernels, the others their workers.
  // memory_limit_bytes bounds a candidate's buffers, and again what it takes beside them.
  ChildSettings child;
  uint64_t tensor_cache_bytes = uint64_t{128} << 20;
  std::function<v1::DeviceState()> read_state;  // May be empty. Called between candidates.
  std::optional<HoldLimits> hold;               // Absent: hot devices are not waited for.
};

// One thread at a time. Destroying it ends the runner.
class SandboxedRunner final : public KernelRunner {
 public:
  // Time limit of a candidate whose timing.timeout_ns is 0, and the longest that is granted.
  static constexpr uint64_t kDefaultTimeoutNs = 10'000'000'000u;
  static constexpr uint64_t kMaxTimeoutNs = 3'600'000'000'000u;

  explicit SandboxedRunner(SandboxOptions options);
  ~SandboxedRunner() override;

  absl::Status Run(const MeasureRequest& request, std::stop_token stop,
                   const OnResult& on_result) override;

  // True while Run waits for the device to cool. From any thread.
  bool holding() const { return holding_; }

  // The runner's process id, 0 while there is none. For tests.
  pid_t runner_pid() const { return runner_pid_; }

 private:
  // A result whatever happens to the candidate; CANCELLED; other errors: no runner could be had.
  absl::StatusOr<v1::MeasureResult> Measure(const v1::Candidate& candidate,
                                            const MeasureRequest& request, int stop_event);
  absl::StatusOr<std::vector<SharedFile>> MakeFiles(const v1::Candidate& candidate,
                                                    const MeasureRequest& request);
  absl::StatusOr<v1::MeasureResult> Exchange(const v1::Assignment& assignment,
                                             const std::vector<SharedFile>& files, int stop_event);
  // Waits while the device is hot, reading its state anew, or until `stop_event`. How long.
  absl::Duration AwaitCool(v1::DeviceState* state, int stop_event);
  // The result of another try after `first`, whose samples are kept and do not count.
  absl::StatusOr<v1::MeasureResult> MeasureAgain(const v1::Candidate& candidate,
                                                 const MeasureRequest& request, int stop_event,
                                                 v1::MeasureResult first);
  absl::Status EnsureRunner();
  void DropRunner(bool kill_it);
  v1::DeviceState ReadState() const;

  const SandboxOptions options_;
  TensorStore tensors_;
  std::optional<HeatHold> hold_;
  std::atomic<bool> holding_ = false;
  pid_t runner_pid_ = 0;
  base::UniqueFd channel_;
};

}  // namespace tunefarm::device_agent

#endif  // TUNEFARM_DEVICE_AGENT_SANDBOX_SANDBOXED_RUNNER_H_
