// What a workload's kernels must compute: the independent reference's output for inputs that the
// device draws itself from the same seed. Computed once per workload; it travels once, by digest.
#ifndef TUNEFARM_TUNER_MEASURE_EXPECTED_OUTPUT_H_
#define TUNEFARM_TUNER_MEASURE_EXPECTED_OUTPUT_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "tunefarm/v1/kernel.pb.h"
#include "tunefarm/v1/measurement.pb.h"

namespace tunefarm::tuner {

struct ExpectedOutput {
  uint64_t seed = 0;
  v1::Blob blob;
  double absolute_tolerance = 0;
  double relative_tolerance = 0;
};

// The seed follows from the key, so that every tuner asks devices for the same tensors. Takes about
// a second per 10^9 multiply-adds. `workload` is a canonical key. Errors: kInvalidArgument.
absl::StatusOr<ExpectedOutput> ComputeExpectedOutput(const std::string& workload);

// The output of a peak kernel (tuner/measure/peak_kernel.h) of that signature.
ExpectedOutput PeakKernelOutput(const v1::KernelSignature& signature);

// Position of the output in a signature: packed buffers before it differ from config to config.
uint32_t OutputPosition(const v1::KernelSignature& signature);

v1::VerificationSpec MakeVerification(const ExpectedOutput& expected, uint32_t output_position);

}  // namespace tunefarm::tuner

#endif  // TUNEFARM_TUNER_MEASURE_EXPECTED_OUTPUT_H_
