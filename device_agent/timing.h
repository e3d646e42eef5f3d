// How a kernel is timed: warm-up, a run count that fills a sample, samples, early cut.
//
// Called in the candidate's process once its outputs are verified. Pure: clock, kernel and cache
// flush are passed in. Allocates nothing, because it runs inside the sandbox where memory cannot be
// asked for.
#ifndef TUNEFARM_DEVICE_AGENT_TIMING_H_
#define TUNEFARM_DEVICE_AGENT_TIMING_H_

#include <cstddef>
#include <cstdint>
#include <span>

#include "absl/functional/function_ref.h"
#include "tunefarm/v1/measurement.pb.h"

namespace tunefarm::device_agent {

// What timing needs from outside.
struct TimedKernel {
  absl::FunctionRef<uint64_t()> now_ns;          // Monotonic.
  absl::FunctionRef<void(uint64_t number)> run;  // Runs the kernel `number` times back to back.
  absl::FunctionRef<void()> flush_cache;         // Evicts every cache level.
};

struct TimingSummary {
  size_t num_samples = 0;
  uint64_t runs_per_sample = 1;
  bool cut = false;  // Stopped early because the kernel is slower than cut_above_ns.
};

// Fills `samples` with per-run nanoseconds, at least one. Requires: `samples` holds
// spec.num_samples (at least 1), and the kernel has run once before (that run is the first
// warm-up).
//
// The run count grows until one sample lasts min_sample_ns. The first sample decides about the cut:
// later, one sample above cut_above_ns among faster ones is noise and not a slow kernel.
TimingSummary TimeKernel(const v1::TimingSpec& spec, const TimedKernel& kernel,
                         std::span<double> samples);

}  // namespace tunefarm::device_agent

#endif  // TUNEFARM_DEVICE_AGENT_TIMING_H_
