// The one thing the agent loop asks of a device: run these kernels, tell what came of each.
//
// Stands between the agent loop (agent.h) and the device. SandboxedRunner
// (sandbox/sandboxed_runner.h) runs kernels on this machine, each in a process of its own; a bridge
// to a board without an OS is another implementation. Relies on proto only.
#ifndef TUNEFARM_DEVICE_AGENT_KERNEL_RUNNER_H_
#define TUNEFARM_DEVICE_AGENT_KERNEL_RUNNER_H_

#include <functional>
#include <map>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "tunefarm/v1/kernel.pb.h"
#include "tunefarm/v1/measurement.pb.h"

namespace tunefarm::device_agent {

// Bytes by their digest, shared and never changed.
using BlobMap = std::map<std::string, std::shared_ptr<const std::string>>;

// Many candidates of one task: they share inputs, expected outputs and the way of timing.
struct MeasureRequest {
  std::vector<v1::Candidate> candidates;  // With their ELF bytes.
  v1::TimingSpec timing;
  v1::VerificationSpec verification;
  BlobMap blobs;  // Holds every digest that `verification` names.
};

class KernelRunner {
 public:
  // Takes the result of one candidate. Called on the thread of Run, in any order of candidates.
  using OnResult = std::function<void(v1::MeasureResult)>;

  virtual ~KernelRunner() = default;

  // Verifies and times every candidate. What a kernel does wrong is an outcome in its result, which
  // carries candidate_id and everything the device can tell; device and epoch are left to others.
  // OK: each candidate has had exactly one result. CANCELLED: `stop` was requested, the rest got
  // none. Any other error is the device's: candidates without a result were not measured. One Run
  // at a time; `stop` may be requested from any thread and ends a running kernel at once.
  virtual absl::Status Run(const MeasureRequest& request, std::stop_token stop,
                           const OnResult& on_result) = 0;
};

}  // namespace tunefarm::device_agent

#endif  // TUNEFARM_DEVICE_AGENT_KERNEL_RUNNER_H_
