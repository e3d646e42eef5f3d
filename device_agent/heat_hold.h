// When to wait for a hot device instead of measuring how it holds itself back.
//
// Asked by the sandboxed runner before each candidate. Pure: readings and time come in, the waiting
// is the caller's.
#ifndef TUNEFARM_DEVICE_AGENT_HEAT_HOLD_H_
#define TUNEFARM_DEVICE_AGENT_HEAT_HOLD_H_

#include <cstdint>
#include <optional>

#include "absl/time/time.h"
#include "tunefarm/v1/measurement.pb.h"

namespace tunefarm::device_agent {

// A hold begins at `hot` and ends at `cool`: the gap keeps it from beginning again with the next
// candidate.
struct HoldLimits {
  int32_t hot_millicelsius = 75'000;
  int32_t cool_millicelsius = 65'000;
  absl::Duration longest = absl::Minutes(2);            // One hold; then it is measured as it is.
  absl::Duration look_every = absl::Milliseconds(500);  // At the sensors, while it lasts.
};

class HeatHold {
 public:
  explicit HeatHold(const HoldLimits& limits) : limits_(limits) {}

  // Whether to wait now. To be asked before each candidate, and again about every look_every while
  // it is true. A device is held back (state.throttled) or hot: wait; neither, and cool: go on.
  // What the system does not tell is no reason to wait.
  //
  // A device that does not cool within `longest` is measured as it is, and not waited for again
  // until it has once been cool, or has become another kWorse hotter.
  bool ShouldWait(absl::Duration now, const v1::DeviceState& state);

  // How long the present hold, or else the last one, has lasted.
  absl::Duration held() const { return held_; }

 private:
  static constexpr int32_t kWorseMillicelsius = 5'000;

  bool IsHot(const v1::DeviceState& state) const;

  const HoldLimits limits_;
  std::optional<absl::Duration> since_;  // Set: holding.
  absl::Duration held_ = absl::ZeroDuration();
  std::optional<int32_t> gave_up_at_millicelsius_;
};

// The limits to hold by. `hot_celsius`: as asked for; 0: 5 below the temperature at which the
// system itself holds the processor back (`passive_trip_millicelsius`), or where that is not known,
// one that boards (75) and other machines (90) reach only under strain; negative: none.
std::optional<HoldLimits> ChooseHold(double hot_celsius,
                                     std::optional<int32_t> passive_trip_millicelsius);

}  // namespace tunefarm::device_agent

#endif  // TUNEFARM_DEVICE_AGENT_HEAT_HOLD_H_
