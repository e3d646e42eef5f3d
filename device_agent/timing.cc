#include "device_agent/timing.h"

#include <algorithm>
#include <cmath>

namespace tunefarm::device_agent {
namespace {

// A kernel that takes no measurable time must not make the count run away.
constexpr uint64_t kMaxRunsPerSample = uint64_t{1} << 24;
constexpr double kMaxGrowth = 16.0;
// Aims a little above the wanted length, so that noise does not ask for another round.
constexpr double kMargin = 1.05;

uint64_t Elapsed(const TimedKernel& kernel, uint64_t number) {
  const uint64_t begin = kernel.now_ns();
  kernel.run(number);
  return kernel.now_ns() - begin;
}

uint64_t NextNumber(uint64_t number, uint64_t elapsed_ns, uint64_t wanted_ns) {
  const double growth = elapsed_ns == 0
                            ? kMaxGrowth
                            : std::min(kMaxGrowth, kMargin * static_cast<double>(wanted_ns) /
                                                       static_cast<double>(elapsed_ns));
  const auto next = static_cast<uint64_t>(std::ceil(static_cast<double>(number) * growth));
  return std::min(kMaxRunsPerSample, std::max(number + 1, next));
}

}  // namespace

TimingSummary TimeKernel(const v1::TimingSpec& spec, const TimedKernel& kernel,
                         std::span<double> samples) {
  const uint64_t begin = kernel.now_ns();
  const auto out_of_time = [&] {
    return spec.max_timing_ns() != 0 && kernel.now_ns() - begin >= spec.max_timing_ns();
  };
  for (uint32_t i = 1; i < spec.num_warmup_runs() && !out_of_time(); ++i) kernel.run(1);

  TimingSummary summary;
  uint64_t& number = summary.runs_per_sample;
  if (!spec.flush_cache()) {
    uint64_t elapsed_ns = Elapsed(kernel, number);
    while (elapsed_ns < spec.min_sample_ns() && number < kMaxRunsPerSample && !out_of_time()) {
      number = NextNumber(number, elapsed_ns, spec.min_sample_ns());
      elapsed_ns = Elapsed(kernel, number);
    }
    // A kernel that fills a sample alone has been measured fairly; a count that was grown until it
    // was long enough has been chosen by that very measurement and is taken again.
    if (number == 1) samples[summary.num_samples++] = static_cast<double>(elapsed_ns);
  }
  const size_t wanted =
      std::clamp<size_t>(spec.num_samples(), 1, std::max<size_t>(1, samples.size()));
  while (summary.num_samples < wanted) {
    if (summary.num_samples > 0 && out_of_time()) break;
    if (summary.num_samples == 1 && spec.cut_above_ns() != 0 &&
        samples[0] > static_cast<double>(spec.cut_above_ns())) {
      summary.cut = true;
      break;
    }
    if (spec.flush_cache()) kernel.flush_cache();
    samples[summary.num_samples++] =
        static_cast<double>(Elapsed(kernel, number)) / static_cast<double>(number);
  }
  return summary;
}

}  // namespace tunefarm::device_agent
