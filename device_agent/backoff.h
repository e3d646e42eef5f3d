// How long to wait before dialling again: doubling, with jitter so that a lab of agents does not
// dial as one.
#ifndef TUNEFARM_DEVICE_AGENT_BACKOFF_H_
#define TUNEFARM_DEVICE_AGENT_BACKOFF_H_

#include <algorithm>
#include <cstdint>

#include "absl/time/time.h"
#include "base/rng.h"

namespace tunefarm::device_agent {

// Pure: the randomness is seeded, the waiting is the caller's.
class Backoff {
 public:
  static constexpr absl::Duration kFirst = absl::Milliseconds(100);
  static constexpr absl::Duration kLongest = absl::Seconds(5);

  explicit Backoff(uint64_t seed) : rng_(seed) {}

  // Uniform in [ceiling / 2, ceiling]; the ceiling starts at kFirst and doubles up to kLongest.
  absl::Duration Next() {
    const absl::Duration wait = ceiling_ * (0.5 + 0.5 * rng_.Uniform());
    ceiling_ = std::min(kLongest, 2 * ceiling_);
    return wait;
  }

  // After a connection that worked.
  void Reset() { ceiling_ = kFirst; }

 private:
  base::Rng rng_;
  absl::Duration ceiling_ = kFirst;
};

}  // namespace tunefarm::device_agent

#endif  // TUNEFARM_DEVICE_AGENT_BACKOFF_H_
