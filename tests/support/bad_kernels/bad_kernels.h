// Candidates for tests of runners and agents: real kernels, good and bad, out of the C files beside
// it.
//
// All compute out = a + b on the same buffers (add.h), so any of them can follow any other.
#ifndef TUNEFARM_TESTS_SUPPORT_BAD_KERNELS_BAD_KERNELS_H_
#define TUNEFARM_TESTS_SUPPORT_BAD_KERNELS_BAD_KERNELS_H_

#include <string>
#include <vector>

#include "device_agent/kernel_runner.h"
#include "tunefarm/v1/tracker.pb.h"

namespace tunefarm::device_agent {

// A request without candidates: one sample of one run, ten seconds for a candidate, and the right
// output of out = a + b.
MeasureRequest AddRequest();

// Entry `symbol` of object `object` ("good", "wrong", "crash", "hostile", ...), with digest, triple
// of this machine and signature. `prepare` names the packing entry, if any.
v1::Candidate CandidateFrom(const std::string& object, const std::string& symbol, uint64_t id,
                            const std::string& prepare = "");

// What a tracker sends to have AddRequest done with these candidates: assignment 1 of epoch 1, and
// the blob that an agent asks for thereafter.
v1::TrackerMessage AddAssignment(const std::vector<v1::Candidate>& candidates);
v1::TrackerMessage ExpectedAdd();

// The triple of this machine, as far as candidates are concerned.
std::string TestTriple();

}  // namespace tunefarm::device_agent

#endif  // TUNEFARM_TESTS_SUPPORT_BAD_KERNELS_BAD_KERNELS_H_
