// Limits of a candidate's process: what holds even if the kernel does its worst.
//
// Applied in the child right after fork, before anything of the candidate is mapped. ShutSandbox
// (seccomp_filter.h) follows when everything is in place.
#ifndef TUNEFARM_DEVICE_AGENT_SANDBOX_CHILD_LIMITS_H_
#define TUNEFARM_DEVICE_AGENT_SANDBOX_CHILD_LIMITS_H_

#include <sys/types.h>

#include <cstdint>
#include <vector>

#include "absl/status/status.h"

namespace tunefarm::device_agent {

struct ChildLimits {
  uint64_t address_space_bytes = 0;  // On top of what the process has mapped already.
  uint64_t cpu_seconds = 0;          // A backstop: the runner kills by wall clock.
  uint64_t stack_bytes = 8 << 20;
};

// Address space is not limited under sanitizers, which reserve terabytes of it.
absl::Status ApplyLimits(const ChildLimits& limits);

// Makes the calling process its own group and lets it die with `runner`, its parent.
absl::Status LeaveRunner(pid_t runner);

// Closes every descriptor but those to `keep`, standard input and output too, and allows no new
// one: a kernel finds none to misuse. The last step before the sandbox is shut, because sanitizers
// need files.
absl::Status GiveUpFiles(std::vector<int> keep);

}  // namespace tunefarm::device_agent

#endif  // TUNEFARM_DEVICE_AGENT_SANDBOX_CHILD_LIMITS_H_
