// The life of one candidate, from fork to _exit: map, load, shut the sandbox, prepare, verify,
// time.
//
// Runs in a process of its own that the runner has forked. What it finds goes into the report;
// there is no other way out of it.
#ifndef TUNEFARM_DEVICE_AGENT_SANDBOX_CANDIDATE_CHILD_H_
#define TUNEFARM_DEVICE_AGENT_SANDBOX_CANDIDATE_CHILD_H_

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "device_agent/device/sensors.h"
#include "device_agent/sandbox/child_report.h"
#include "tunefarm/v1/tracker.pb.h"

namespace tunefarm::device_agent {

// One candidate and the files it needs. The assignment has passed CheckCandidate, holds exactly one
// candidate and no ELF bytes: `files` are the ELF, an image (guarded_buffer.h) of each drawn buffer
// in the order of the signature, and each expected output in the order of the verification.
struct CandidateJob {
  v1::Assignment assignment;
  std::vector<base::UniqueFd> files;
};

// What the agent's owner settled for every candidate.
struct ChildSettings {
  std::vector<int> cores;           // cores[0] runs the kernel, the others its workers.
  uint64_t memory_limit_bytes = 0;  // For what a candidate takes beside its buffers.
  bool use_seccomp = true;  // False: limits alone hold a kernel; for systems without filters.
  uint64_t cache_flush_bytes = 0;  // Streaming over this many bytes evicts every cache.
  std::string system_root;         // Of the sensors; empty: this machine's.
  SensorPaths sensors;             // Of cores[0]. Filled in by the runner, once.
};

// `alive` is a descriptor that the child holds open as long as it lives; `runner` is its parent.
[[noreturn]] void RunCandidate(const CandidateJob& job, const ChildSettings& settings, pid_t runner,
                               int alive, ChildReport* report);

}  // namespace tunefarm::device_agent

#endif  // TUNEFARM_DEVICE_AGENT_SANDBOX_CANDIDATE_CHILD_H_
