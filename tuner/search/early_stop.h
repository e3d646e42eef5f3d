// When a task has been tuned enough. Pure: the session reports results and elapsed time, and asks.
#ifndef TUNEFARM_TUNER_SEARCH_EARLY_STOP_H_
#define TUNEFARM_TUNER_SEARCH_EARLY_STOP_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/time/time.h"

namespace tunefarm::tuner {

struct EarlyStopOptions {
  uint64_t max_trials = 64;  // The budget; at least 1.
  absl::Duration max_elapsed = absl::InfiniteDuration();
  uint64_t min_trials = 16;       // Below it only the budget stops.
  uint64_t patience_trials = 24;  // Stop after this many in a row without a gain of min_gain.
  double min_gain = 0.01;
  double bound_ns = 0;        // What no kernel on the device can beat; 0: unknown.
  double bound_share = 0.97;  // Stop when bound_ns / best reaches this.
};

enum class StopCause { kTrials, kSeconds, kBound, kConverged };

// "trials", "seconds", "bound", "converged".
const char* Name(StopCause cause);

struct StopReason {
  StopCause cause = StopCause::kTrials;
  std::string text;  // One line for people, with the numbers met.
};

class EarlyStop {
 public:
  explicit EarlyStop(const EarlyStopOptions& options) : options_(options) {}

  // The bound, once it has been measured; see EarlyStopOptions::bound_ns.
  void SetBound(double bound_ns) { options_.bound_ns = bound_ns; }

  // Every trial counts, failed ones too; `cost_ns` only if ok.
  void Observe(bool ok, double cost_ns);

  // Why to stop; nullopt: go on.
  std::optional<StopReason> Reason(absl::Duration elapsed) const;

  uint64_t num_trials() const { return num_trials_; }
  double best_ns() const { return best_ns_; }  // 0: none yet.

 private:
  EarlyStopOptions options_;
  uint64_t num_trials_ = 0;
  double best_ns_ = 0;
  // What the next gain is compared with: small gains add up until they are one.
  double reference_ns_ = 0;
  uint64_t trials_since_gain_ = 0;
};

}  // namespace tunefarm::tuner

#endif  // TUNEFARM_TUNER_SEARCH_EARLY_STOP_H_
