// Takes an update: checks it, writes it down, tries it beside the agent that runs, and only then
// makes it the one that is started.
//
// What is tried is the new executable with this agent's own arguments and --probe: it has to start
// on this machine, be the version it says, and be welcome at the tracker. As long as it has not
// done so nothing has changed, so there is nothing to undo.
#ifndef TUNEFARM_DEVICE_AGENT_UPDATE_UPDATER_H_
#define TUNEFARM_DEVICE_AGENT_UPDATE_UPDATER_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "device_agent/update/update_store.h"
#include "tunefarm/v1/tracker.pb.h"

namespace tunefarm::device_agent {

struct UpdaterOptions {
  UpdateSettings settings;
  std::vector<std::string> arguments;  // Of this agent, without the program's name.
  std::string emulator;                // As SandboxOptions::emulator.
  absl::Duration patience = absl::Seconds(30);
};

// One thread at a time.
class Updater {
 public:
  explicit Updater(UpdaterOptions options)
      : options_(std::move(options)), store_(options_.settings) {}

  // OK: the update is what UpdateStore::Start gives from now on; this process is to become it.
  // Errors: those of CheckUpdate and UpdateStore::Put; FAILED_PRECONDITION when it does not come
  // up, with its last words. May take as long as `patience`.
  absl::Status Take(const v1::UpdateAgent& update) const;

  const UpdateStore& store() const { return store_; }

  // Replaces this process by what Start has given, with this agent's arguments. Returns only where
  // that fails.
  absl::Status Become(const std::string& executable) const;

 private:
  absl::Status Try(const std::string& executable, const std::string& version) const;

  const UpdaterOptions options_;
  const UpdateStore store_;
};

// What a probe prints in front of its version: "tuner-agent 0.2.0".
inline constexpr char kProbePrefix[] = "tuner-agent ";
inline constexpr char kProbeFlag[] = "--probe";

}  // namespace tunefarm::device_agent

#endif  // TUNEFARM_DEVICE_AGENT_UPDATE_UPDATER_H_
