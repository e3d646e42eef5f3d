// Who is connected: sessions, silence, draining, utilisation. Pure: time comes in as `now`; no
// threads, no I/O. It relies on its caller (tracker/tracker_core.h) for what a device works on.
//
// A name belongs to one session at a time. A Hello under the name of a live device is refused,
// unless it comes from the same agent process (instance id): then its old connection is half-open
// and the new one takes over. A lost device stays in the list for people, and its name is free.
#ifndef TUNEFARM_TRACKER_DEVICE_TABLE_H_
#define TUNEFARM_TRACKER_DEVICE_TABLE_H_

#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "tracker/types.h"

namespace tunefarm::tracker {

// A row. `state`, `last_progress` and `num_results` are the caller's to write, the rest
// DeviceTable's.
struct Device {
  DeviceInfo info;
  std::string instance_id;  // Of the agent process; may be empty, then nothing takes over.
  SessionId session = 0;    // Of the present or last connection.
  std::optional<std::string> drain_reason;  // Set: connected, takes no more work.
  std::optional<std::string> lost_reason;   // Set: the session is over.
  absl::Duration connected_at;
  absl::Duration lost_at;
  absl::Duration last_heard;
  absl::Duration last_progress;  // Last result, or when work was given to an idle device.
  absl::Duration busy_since;     // Meaningful while in_flight is not empty.
  absl::Duration busy_before;    // Sum of the finished busy spells of this connection.
  std::set<AssignmentId> in_flight;
  uint64_t num_results = 0;  // Of this connection.
  DeviceState state;

  bool live() const { return !lost_reason.has_value(); }
  bool available() const { return live() && !drain_reason.has_value() && info.unavailable.empty(); }
};

class DeviceTable {
 public:
  // ALREADY_EXISTS when a live device of another agent process has this name.
  absl::Status CheckName(const std::string& name, const std::string& instance_id) const;

  // Opens a session. Requires CheckName to be OK and no assignment in flight under this name. A
  // device that drained goes on draining when the same agent process returns; a new process starts
  // afresh.
  Device& Connect(absl::Duration now, DeviceInfo info, const std::string& instance_id,
                  SessionId session);

  // The live device of a session; null when the session is over or never was.
  Device* Find(SessionId session);
  // The device of that name, live or lost; null when unknown.
  Device* FindByName(const std::string& name);

  void Heard(Device& device, absl::Duration now) { device.last_heard = now; }
  void AddInFlight(Device& device, AssignmentId assignment, absl::Duration now);
  void RemoveInFlight(Device& device, AssignmentId assignment, absl::Duration now);
  void Drain(Device& device, const std::string& reason);
  // `why` empty: it can measure again.
  void SetUnavailable(Device& device, const std::string& why) { device.info.unavailable = why; }
  // Ends the session. Requires that nothing is in flight any more.
  void MarkLost(Device& device, const std::string& reason, absl::Duration now);

  // The tracker itself did not run for `gap`: nobody could be heard, so nobody was silent.
  void ForgiveGap(absl::Duration now, absl::Duration gap);
  // Drops devices that were lost `age` ago or earlier.
  void ForgetLost(absl::Duration now, absl::Duration age);

  // By name. `Live` are connected, whether they take work or not; `Available` take work.
  std::vector<Device*> Live();
  std::vector<Device*> Available();
  std::vector<DeviceRow> Rows(absl::Duration now) const;

 private:
  std::map<std::string, Device> devices_;  // By name; nodes do not move.
  std::unordered_map<SessionId, Device*> by_session_;
};

}  // namespace tunefarm::tracker

#endif  // TUNEFARM_TRACKER_DEVICE_TABLE_H_
