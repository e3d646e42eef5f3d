// Time as the bridge sees it: a clock and a way to wait, passed in so that tests own both.
#ifndef TUNEFARM_MCU_AGENT_BRIDGE_PACE_H_
#define TUNEFARM_MCU_AGENT_BRIDGE_PACE_H_

#include <functional>

#include "absl/time/time.h"
#include "base/clock.h"

namespace tunefarm::mcu_agent {

struct Pace {
  const base::Clock* clock = &base::RealClock();
  std::function<void(absl::Duration)> wait = [](absl::Duration time) { absl::SleepFor(time); };

  absl::Duration Now() const { return clock->SteadyNow(); }
};

}  // namespace tunefarm::mcu_agent

#endif  // TUNEFARM_MCU_AGENT_BRIDGE_PACE_H_
