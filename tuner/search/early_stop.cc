#include "tuner/search/early_stop.h"

#include "absl/strings/str_format.h"

namespace tunefarm::tuner {

const char* Name(StopCause cause) {
  switch (cause) {
    case StopCause::kTrials:
      return "trials";
    case StopCause::kSeconds:
      return "seconds";
    case StopCause::kBound:
      return "bound";
    case StopCause::kConverged:
      return "converged";
  }
  return "unknown";
}

void EarlyStop::Observe(bool ok, double cost_ns) {
  ++num_trials_;
  ++trials_since_gain_;
  if (!ok) return;
  if (best_ns_ == 0 || cost_ns < best_ns_) best_ns_ = cost_ns;
  if (reference_ns_ == 0 || best_ns_ * (1 + options_.min_gain) <= reference_ns_) {
    reference_ns_ = best_ns_;
    trials_since_gain_ = 0;
  }
}

std::optional<StopReason> EarlyStop::Reason(absl::Duration elapsed) const {
  if (num_trials_ >= options_.max_trials) {
    return StopReason{StopCause::kTrials, absl::StrFormat("budget of %d trials", num_trials_)};
  }
  if (elapsed >= options_.max_elapsed) {
    return StopReason{StopCause::kSeconds,
                      absl::StrFormat("budget of %.1f s", absl::ToDoubleSeconds(elapsed))};
  }
  if (num_trials_ < options_.min_trials || best_ns_ == 0) return std::nullopt;
  if (options_.bound_ns > 0 && options_.bound_ns >= options_.bound_share * best_ns_) {
    return StopReason{StopCause::kBound, absl::StrFormat("best is at %.1f %% of the device's bound",
                                                         100 * options_.bound_ns / best_ns_)};
  }
  if (trials_since_gain_ >= options_.patience_trials) {
    return StopReason{StopCause::kConverged,
                      absl::StrFormat("no gain of %.0f %% in %d trials", 100 * options_.min_gain,
                                      trials_since_gain_)};
  }
  return std::nullopt;
}

}  // namespace tunefarm::tuner
