// The clock every component is given, so that tests own time.
#ifndef TUNEFARM_BASE_CLOCK_H_
#define TUNEFARM_BASE_CLOCK_H_

#include "absl/time/time.h"

namespace tunefarm::base {

// Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  // Wall-clock time, for records. It may jump; durations are taken from SteadyNow.
  virtual absl::Time Now() const = 0;
  // Time since an arbitrary fixed point, never running backward.
  virtual absl::Duration SteadyNow() const = 0;
};

// The machine's clock. Never destroyed.
const Clock& RealClock();

}  // namespace tunefarm::base

#endif  // TUNEFARM_BASE_CLOCK_H_
