// What the agent tells systemd, where systemd started it (sd_notify's protocol: datagrams of
// KEY=VALUE lines to the socket that the environment names). Nowhere else does it do anything.
//
// Written out here because the library for it would not be linked statically.
#ifndef TUNEFARM_DEVICE_AGENT_SERVICE_MANAGER_H_
#define TUNEFARM_DEVICE_AGENT_SERVICE_MANAGER_H_

#include <functional>
#include <string>
#include <thread>

#include "absl/time/time.h"

namespace tunefarm::device_agent {

// Sends one state, e.g. "READY=1" or "STATUS=connected". Best effort.
void NotifyServiceManager(const std::string& state);

// Half of the time within which systemd wants to hear of the process, as its environment says;
// zero where there is no watchdog or it watches another process.
absl::Duration WatchdogInterval();

// Says "WATCHDOG=1" at that interval from a thread of its own, each time after `check_alive` has
// returned: a process that cannot do that any more falls silent and is started anew.
class Watchdog {
 public:
  explicit Watchdog(std::function<void()> check_alive);
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

 private:
  std::jthread thread_;  // None where nobody watches.
};

}  // namespace tunefarm::device_agent

#endif  // TUNEFARM_DEVICE_AGENT_SERVICE_MANAGER_H_
