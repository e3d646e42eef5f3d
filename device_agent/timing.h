// How a kernel is timed: warm-up, a run count that fills a sample, samples, early cut.
//
// Called in the candidate's process once its outputs are verified. Pure: clock, sensors, kernel and
// cache flush are passed in. Which samples count is sample_judge.h's to say. Allocates nothing,
// because it runs inside the sandbox where memory cannot be asked for.
#ifndef TUNEFARM_DEVICE_AGENT_TIMING_H_
#define TUNEFARM_DEVICE_AGENT_TIMING_H_

#include <cstddef>
#include <cstdint>
#include <span>

#include "absl/functional/function_ref.h"
#include "device_agent/device/state_reading.h"
#include "device_agent/sample_judge.h"
#include "tunefarm/v1/measurement.pb.h"

namespace tunefarm::device_agent {

// What timing needs from outside.
struct TimedKernel {
  absl::FunctionRef<uint64_t()> now_ns;          // Monotonic.
  absl::FunctionRef<void(uint64_t number)> run;  // Runs the kernel `number` times back to back.
  absl::FunctionRef<void()> flush_cache;         // Evicts every cache level.
  absl::FunctionRef<StateReading()> read_state;  // What the device tells now; not timed.
};

struct TimingSummary {
  size_t num_samples = 0;  // All that were taken, disturbed ones included.
  uint64_t runs_per_sample = 1;
  bool cut = false;  // Stopped early because the kernel is slower than cut_above_ns.
};

// Fills `samples` in order, at least one. Requires: `samples` holds at least one, for all repeats
// twice spec.num_samples, and the kernel has run once before (that run is the first warm-up).
//
// The run count grows until one sample lasts min_sample_ns. The first steady sample decides about
// the cut: later, one sample above cut_above_ns among faster ones is noise and not a slow kernel.
TimingSummary TimeKernel(const v1::TimingSpec& spec, const TimedKernel& kernel,
                         std::span<TimedSample> samples);

}  // namespace tunefarm::device_agent

#endif  // TUNEFARM_DEVICE_AGENT_TIMING_H_
