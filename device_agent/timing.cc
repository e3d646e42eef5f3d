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

TimedSample TakeSample(const TimedKernel& kernel, uint64_t number) {
  TimedSample sample;
  sample.before = kernel.read_state();
  sample.value_ns = static_cast<double>(Elapsed(kernel, number)) / static_cast<double>(number);
  sample.after = kernel.read_state();
  return sample;
}

uint64_t NextNumber(uint64_t number, double elapsed_ns, double wanted_ns) {
  const double growth =
      elapsed_ns == 0 ? kMaxGrowth : std::min(kMaxGrowth, kMargin * wanted_ns / elapsed_ns);
  const auto next = static_cast<uint64_t>(std::ceil(static_cast<double>(number) * growth));
  return std::min(kMaxRunsPerSample, std::max(number + 1, next));
}

}  // namespace

TimingSummary TimeKernel(const v1::TimingSpec& spec, const TimedKernel& kernel,
                         std::span<TimedSample> samples) {
  const uint64_t begin = kernel.now_ns();
  const auto out_of_time = [&] {
    return spec.max_timing_ns() != 0 && kernel.now_ns() - begin >= spec.max_timing_ns();
  };
  for (uint32_t i = 1; i < spec.num_warmup_runs() && !out_of_time(); ++i) kernel.run(1);

  TimingSummary summary;
  uint64_t& number = summary.runs_per_sample;
  SampleJudge judge(spec.num_samples(), samples);
  if (!spec.flush_cache()) {
    const TimedSample first = TakeSample(kernel, number);
    double elapsed_ns = first.value_ns;
    const auto wanted_ns = static_cast<double>(spec.min_sample_ns());
    while (elapsed_ns < wanted_ns && number < kMaxRunsPerSample && !out_of_time()) {
      number = NextNumber(number, elapsed_ns, wanted_ns);
      elapsed_ns = static_cast<double>(Elapsed(kernel, number));
    }
    // A kernel that fills a sample alone has been measured fairly; a count that was grown until it
    // was long enough has been chosen by that very measurement and is taken again.
    if (number == 1) judge.Add(first);
  }
  const auto is_slow = [&] {
    return judge.num_steady() == 1 && judge.num_taken() > 0 && spec.cut_above_ns() != 0 &&
           samples[judge.num_taken() - 1].verdict == SampleVerdict::kSteady &&
           samples[judge.num_taken() - 1].value_ns > static_cast<double>(spec.cut_above_ns());
  };
  while (judge.WantsMore() && !(judge.num_taken() > 0 && out_of_time())) {
    if (is_slow()) {
      summary.cut = true;
      break;
    }
    if (spec.flush_cache()) kernel.flush_cache();
    judge.Add(TakeSample(kernel, number));
  }
  summary.num_samples = judge.num_taken();
  return summary;
}

}  // namespace tunefarm::device_agent
