// Compares an output with the independent reference's: integers exactly, floats within a tolerance.
//
// Called in the candidate's process before and after timing. Pure; allocates nothing except in
// DescribeMismatch, which is called outside the sandbox.
#ifndef TUNEFARM_DEVICE_AGENT_VERIFICATION_H_
#define TUNEFARM_DEVICE_AGENT_VERIFICATION_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "tunefarm/v1/kernel.pb.h"
#include "tunefarm/v1/measurement.pb.h"

namespace tunefarm::device_agent {

// What came of one comparison; the element is the first that differs. A plain value, because it
// crosses from the candidate's process in shared memory.
struct Comparison {
  uint64_t num_mismatches = 0;
  uint64_t first_index = 0;
  double got = 0;
  double want = 0;
  bool unwritten = false;  // The element still holds what PoisonOutput put there.
};

// Fills `output` so that no element left alone can pass: NaN for floats, the complement of
// `expected` for integers. `expected` has the size of `output` or is empty (then all bits are set).
void PoisonOutput(v1::DataType type, std::span<const std::byte> expected,
                  std::span<std::byte> output);

// An element passes when it equals or when |got - want| <= absolute + relative x |want|; NaN never
// passes. Integers ignore the tolerances. Both spans hold the same number of elements of `type`.
Comparison CompareOutput(v1::DataType type, std::span<const std::byte> got,
                         std::span<const std::byte> want, double absolute_tolerance,
                         double relative_tolerance);

// "out[17]: got 0.5, want 0.75 (tolerance 1e-05 + 1e-05 x |want|); 3 of 64 elements differ".
std::string DescribeMismatch(const Comparison& comparison, const v1::Buffer& buffer,
                             const v1::ExpectedOutput& expected);

}  // namespace tunefarm::device_agent

#endif  // TUNEFARM_DEVICE_AGENT_VERIFICATION_H_
