#include "device_agent/heat_hold.h"

#include <limits>

namespace tunefarm::device_agent {
namespace {

// A device that tells no temperature is as cold as can be.
int32_t Temperature(const v1::DeviceState& state) {
  return state.has_temperature_millicelsius() ? state.temperature_millicelsius()
                                              : std::numeric_limits<int32_t>::min();
}

// Boards throttle at 80 to 85 degrees (Raspberry Pi documentation), desktop processors near 95.
#if defined(__x86_64__)
constexpr int32_t kHotMillicelsius = 90'000;
#else
constexpr int32_t kHotMillicelsius = 75'000;
#endif
constexpr int32_t kBelowTripMillicelsius = 5'000;
constexpr int32_t kGapMillicelsius = 10'000;

}  // namespace

std::optional<HoldLimits> ChooseHold(double hot_celsius,
                                     std::optional<int32_t> passive_trip_millicelsius) {
  if (hot_celsius < 0) return std::nullopt;
  HoldLimits limits;
  limits.hot_millicelsius = kHotMillicelsius;
  if (passive_trip_millicelsius) {
    limits.hot_millicelsius = *passive_trip_millicelsius - kBelowTripMillicelsius;
  }
  if (hot_celsius > 0) limits.hot_millicelsius = static_cast<int32_t>(hot_celsius * 1000);
  limits.cool_millicelsius = limits.hot_millicelsius - kGapMillicelsius;
  return limits;
}

bool HeatHold::IsHot(const v1::DeviceState& state) const {
  if (!gave_up_at_millicelsius_) {
    return state.throttled() || Temperature(state) >= limits_.hot_millicelsius;
  }
  return Temperature(state) >= int64_t{*gave_up_at_millicelsius_} + kWorseMillicelsius;
}

bool HeatHold::ShouldWait(absl::Duration now, const v1::DeviceState& state) {
  const bool cool = !state.throttled() && Temperature(state) <= limits_.cool_millicelsius;
  if (cool) gave_up_at_millicelsius_.reset();
  if (!since_) {
    held_ = absl::ZeroDuration();
    if (!IsHot(state)) return false;
    since_ = now;
    return true;
  }
  held_ = now - *since_;
  if (!cool && held_ < limits_.longest) return true;
  if (!cool) gave_up_at_millicelsius_ = Temperature(state);
  since_.reset();
  return false;
}

}  // namespace tunefarm::device_agent
