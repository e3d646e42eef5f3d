// Which samples count: a device whose clock moved or that was held back has timed itself, not the
// kernel. Such samples are taken again, a bounded number of times, and all of them are kept.
//
// Used by timing.h inside the candidate's process. Pure; allocates nothing.
#ifndef TUNEFARM_DEVICE_AGENT_SAMPLE_JUDGE_H_
#define TUNEFARM_DEVICE_AGENT_SAMPLE_JUDGE_H_

#include <cstddef>
#include <cstdint>
#include <span>

#include "device_agent/device/state_reading.h"

namespace tunefarm::device_agent {

enum class SampleVerdict : uint8_t { kSteady, kFrequencyMoved, kThrottled };

struct TimedSample {
  double value_ns = 0;  // Per run.
  StateReading before = {};
  StateReading after = {};
  SampleVerdict verdict = SampleVerdict::kSteady;
};

class SampleJudge {
 public:
  // A clock that is off by more has moved: the steps of boards are 4 % (Raspberry Pi 5, phones) to
  // 7 % (Raspberry Pi 4) of their highest clock, readings of one clock differ by less.
  static constexpr double kFrequencyTolerance = 0.03;

  // Wants `wanted` steady samples, at least 1, and takes at most twice as many, as far as `room`
  // goes. `room` outlives this and is filled from its beginning.
  SampleJudge(size_t wanted, std::span<TimedSample> room);

  // Requires WantsMore(). What is told of the clock is compared with the fastest clock of all
  // samples so far: a faster one turns earlier, slower samples into disturbed ones. What the device
  // does not tell disturbs nothing.
  void Add(const TimedSample& sample);

  bool WantsMore() const { return num_steady_ < wanted_ && num_taken_ < most_; }
  size_t num_taken() const { return num_taken_; }
  size_t num_steady() const { return num_steady_; }

 private:
  SampleVerdict VerdictOf(const TimedSample& sample) const;

  const size_t wanted_;
  const std::span<TimedSample> room_;
  const size_t most_;
  size_t num_taken_ = 0;
  size_t num_steady_ = 0;
  uint64_t fastest_hz_ = 0;
};

}  // namespace tunefarm::device_agent

#endif  // TUNEFARM_DEVICE_AGENT_SAMPLE_JUDGE_H_
