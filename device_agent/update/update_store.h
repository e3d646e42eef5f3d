// Where an agent keeps the newer agents that it has taken: a folder of its own, the only place that
// it ever writes to.
//
//   FOLDER/VERSION/tuner-agent   the executable
//   FOLDER/VERSION/signature     64 bytes, over version, machine and digest (base/agent_update.h)
//   FOLDER/current               symbolic link to the VERSION that is started, swapped by renaming
//   FOLDER/starts                how often that one was started without reaching its tracker
//
// Names are made of numbers that were parsed, never of text that a peer sent.
#ifndef TUNEFARM_DEVICE_AGENT_UPDATE_UPDATE_STORE_H_
#define TUNEFARM_DEVICE_AGENT_UPDATE_UPDATE_STORE_H_

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/version.h"
#include "tunefarm/v1/tracker.pb.h"

namespace tunefarm::device_agent {

struct UpdateSettings {
  std::string folder;      // Absolute. Empty: no updates are taken.
  std::string public_key;  // PEM, of who may make them. Empty: no updates are taken.
  std::string machine;     // Of this agent: first part of its triple.
  base::Version own;       // Of this agent.
};

// Whether this agent may become that one: FAILED_PRECONDITION (no folder or key, another machine,
// not newer than this one), INVALID_ARGUMENT (no version, digest of other bytes), PERMISSION_DENIED
// (signature).
absl::Status CheckUpdate(const UpdateSettings& settings, const v1::UpdateAgent& update);

class UpdateStore {
 public:
  // A version that was started this often and never reached its tracker is given up.
  static constexpr int kMaxStarts = 3;

  explicit UpdateStore(UpdateSettings settings) : settings_(std::move(settings)) {}

  // Writes a checked update beside what is there; it is not started yet. The path of the
  // executable. RESOURCE_EXHAUSTED: the disk is full. Whatever fails leaves nothing behind.
  absl::StatusOr<std::string> Put(const v1::UpdateAgent& update) const;
  // Removes what Put has written.
  void Discard(const v1::UpdateAgent& update) const;
  // From now on this version is the one that is started. Others are removed.
  absl::Status Commit(const v1::UpdateAgent& update) const;

  // The executable to become instead of this agent: newer, signed, and not given up. Counts a
  // start. None: stay. What is wrong with an update that is there is logged, and it is given up.
  std::optional<std::string> Start() const;
  // The version that runs now has reached its tracker.
  void Confirm() const;

 private:
  std::string File(const std::string& name) const { return settings_.folder + "/" + name; }
  absl::Status CheckInstalled(const std::string& version) const;
  void GiveUp() const;

  const UpdateSettings settings_;
};

}  // namespace tunefarm::device_agent

#endif  // TUNEFARM_DEVICE_AGENT_UPDATE_UPDATE_STORE_H_
