#include "device_agent/sample_judge.h"

#include <algorithm>

namespace tunefarm::device_agent {

SampleJudge::SampleJudge(size_t wanted, std::span<TimedSample> room)
    : wanted_(std::min(std::max<size_t>(wanted, 1), room.size())),
      room_(room),
      most_(std::min(2 * wanted_, room.size())) {}

void SampleJudge::Add(const TimedSample& sample) {
  room_[num_taken_++] = sample;
  const uint64_t hz = std::max(sample.before.frequency_hz, sample.after.frequency_hz);
  size_t first = num_taken_ - 1;
  if (hz > fastest_hz_) {
    fastest_hz_ = hz;
    num_steady_ = first = 0;  // All are judged anew.
  }
  for (TimedSample& taken : room_.first(num_taken_).subspan(first)) {
    taken.verdict = VerdictOf(taken);
    if (taken.verdict == SampleVerdict::kSteady) ++num_steady_;
  }
}

SampleVerdict SampleJudge::VerdictOf(const TimedSample& sample) const {
  for (const StateReading* state : {&sample.before, &sample.after}) {
    if (state->throttled == Throttling::kYes) return SampleVerdict::kThrottled;
  }
  const double slowest = (1 - kFrequencyTolerance) * static_cast<double>(fastest_hz_);
  for (const StateReading* state : {&sample.before, &sample.after}) {
    if (state->frequency_hz != 0 && static_cast<double>(state->frequency_hz) < slowest) {
      return SampleVerdict::kFrequencyMoved;
    }
  }
  return SampleVerdict::kSteady;
}

}  // namespace tunefarm::device_agent
