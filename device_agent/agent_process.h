// What every program that runs an Agent does around it: token, identity, signals, a parent's death.
//
// Shared by tuner-agent and tuner-mcu-agent.
#ifndef TUNEFARM_DEVICE_AGENT_AGENT_PROCESS_H_
#define TUNEFARM_DEVICE_AGENT_AGENT_PROCESS_H_

#include <signal.h>
#include <sys/types.h>

#include <string>
#include <thread>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "device_agent/agent.h"

namespace tunefarm::device_agent {

// The first line of the file; "" where `path` is "". Errors: NOT_FOUND.
absl::StatusOr<std::string> ReadToken(const std::string& path);

// "" when `text` is HOST:PORT, else what is wrong; CLI11's form of a check.
std::string CheckAddress(const std::string& text);

// Fills in what is drawn anew for each process: instance_id and backoff_seed.
void DrawIdentity(AgentOptions* options);

// Lets this process end (SIGTERM) when the thread of `parent` that started it ends. CANCELLED: it
// is gone already.
absl::Status DieWithParent(pid_t parent);

// Waits for SIGINT and SIGTERM on a thread of its own: the first one ends the agent cleanly, the
// second one at once.
class SignalWatch {
 public:
  explicit SignalWatch(Agent* agent) : thread_([this, agent] { Watch(agent); }) {}
  ~SignalWatch();

  // To be called before any thread starts, so that none of them takes the signals.
  static sigset_t Block();

 private:
  void Watch(Agent* agent);

  const sigset_t signals_ = Block();
  std::thread thread_;
};

}  // namespace tunefarm::device_agent

#endif  // TUNEFARM_DEVICE_AGENT_AGENT_PROCESS_H_
