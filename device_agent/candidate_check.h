// Whether this device may try a candidate at all, decided before any byte of it is mapped.
//
// What is refused here ends as build_failed in phase "load" with a sentence that names what is
// wrong: it is neither the kernel's crash nor the device's fault. Pure; relies on proto and base.
#ifndef TUNEFARM_DEVICE_AGENT_CANDIDATE_CHECK_H_
#define TUNEFARM_DEVICE_AGENT_CANDIDATE_CHECK_H_

#include <string>

#include "absl/status/status.h"
#include "device_agent/kernel_runner.h"

namespace tunefarm::device_agent {

// INVALID_ARGUMENT when `candidate` of `request` cannot be tried on a device of `triple` (LLVM's
// words): other architecture, other ABI version, bytes that do not match their digest, a signature
// or specs out of bounds, an expected output of the wrong size.
absl::Status CheckCandidate(const v1::Candidate& candidate, const MeasureRequest& request,
                            const std::string& triple);

// A result without samples: `outcome` in `phase`, `error` on one line.
v1::MeasureResult FailedResult(uint64_t candidate_id, v1::Outcome outcome, const std::string& phase,
                               const std::string& error);

}  // namespace tunefarm::device_agent

#endif  // TUNEFARM_DEVICE_AGENT_CANDIDATE_CHECK_H_
