// The tracker's decisions, as a pure state machine: events in, actions out. No I/O, no threads, no
// gRPC; time comes in as `now`. Not thread-safe: tracker/dispatcher.h puts one mutex around it.
//
// What it promises:
// - Every candidate ends exactly once: by a result, as DEVICE_LOST, or by its client's withdrawal.
// - Fencing: a result counts only for the assignment, epoch and session that hold its candidate
// now.
//   Ids and epochs start at TrackerPolicy::first_epoch and only grow; a restarted tracker starts
//   above everything its predecessor gave out, so work of the predecessor is never mistaken for its
//   own.
// - Work of a lost device (stream closed, silent, stuck, or its board gone) is given to another, at
// most
//   max_attempts times in all.
// - No device holds more than max_in_flight assignments, or one while that one is a suspect's (see
//   dispatch_queue.h).
//
// - A kernel that took a board down goes to no board of that kind again whose owner does not
//   consent. What one agent says of it all agents of the kind are told.
//
// An agent that returns is told to cancel everything it says it still runs: either this tracker
// never gave it (a restart), or results of it may have been lost with the old connection, so that
// nobody knows what is still to come.
#ifndef TUNEFARM_TRACKER_TRACKER_CORE_H_
#define TUNEFARM_TRACKER_TRACKER_CORE_H_

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "tracker/actions.h"
#include "tracker/device_table.h"
#include "tracker/dispatch_queue.h"
#include "tracker/quarantine.h"
#include "tracker/types.h"

namespace tunefarm::tracker {

// `now` must not run backward from call to call. Actions are appended to `actions`, in order.
class TrackerCore {
 public:
  explicit TrackerCore(const TrackerPolicy& policy);
  TrackerCore(const TrackerCore&) = delete;
  TrackerCore& operator=(const TrackerCore&) = delete;

  // Opens a session for the agent; the actions may already address it. Errors: INVALID_ARGUMENT (no
  // name or triple), ALREADY_EXISTS (a live device of another agent process has the name).
  absl::StatusOr<SessionId> OnHello(absl::Duration now, HelloEvent hello, Actions* actions);

  // Each of these ignores a session that is over. Any message is a sign of life: OnHeard.
  void OnHeard(absl::Duration now, SessionId session);
  void OnHeartbeat(absl::Duration now, SessionId session, const DeviceState& state);
  // What the agent says of its device with each heartbeat: why it cannot measure, "" when it can.
  void OnAvailability(absl::Duration now, SessionId session, const std::string& unavailable,
                      Actions* actions);
  void OnResult(absl::Duration now, SessionId session, const ResultEvent& result, Actions* actions);
  // The stream is gone; nothing can be sent to the session any more.
  void OnAgentGone(absl::Duration now, SessionId session, const std::string& why, Actions* actions);

  // Errors: INVALID_ARGUMENT (no candidates, an id twice), RESOURCE_EXHAUSTED (queue full).
  absl::StatusOr<SubmissionId> OnSubmit(absl::Duration now, SubmissionSpec spec, Actions* actions);
  // The client is gone: nothing of the submission is wanted any more.
  void OnCancel(absl::Duration now, SubmissionId submission, Actions* actions);

  // The device finishes what it has and takes no more until OnUndrain, or until its agent process
  // is started anew. Errors: NOT_FOUND (no live device of that name).
  absl::Status OnDrain(absl::Duration now, const std::string& device, const std::string& reason,
                       Actions* actions);

  // Errors: NOT_FOUND (no live device of that name), FAILED_PRECONDITION (it does not drain).
  absl::Status OnUndrain(absl::Duration now, const std::string& device, Actions* actions);

  // To be called about once per heartbeat interval: finds silent and stuck devices.
  void OnTick(absl::Duration now, Actions* actions);

  // Of the connected device of that name.
  std::optional<SessionId> LiveSession(const std::string& device);
  std::vector<DeviceRow> Devices(absl::Duration now) const;
  size_t num_queued() const { return queue_.num_queued(); }
  // Results refused by the fence, since the start.
  uint64_t num_stale_results() const { return num_stale_results_; }

 private:
  struct Assignment {
    SessionId session = 0;
    Epoch epoch = 0;
    SubmissionId submission = 0;
    std::set<CandidateId> unfinished;
    bool solo = false;
  };
  using AssignmentMap = std::map<AssignmentId, Assignment>;

  // The assignment that the result may speak for; end() when the fence refuses it.
  AssignmentMap::iterator Admit(SessionId session, const ResultEvent& result);
  void LoseDevice(absl::Duration now, Device& device, const std::string& why, Actions* actions);
  void LoseAssignment(absl::Duration now, Device& device, AssignmentId id, const std::string& why,
                      Actions* actions);
  void LoseCandidate(const Device& device, const Assignment& assignment, CandidateId candidate,
                     const std::string& why, Actions* actions);
  // The agent's kind of board and the others of it know the same from now on.
  void Reconcile(const Device& device, const std::vector<QuarantinedKernel>& known,
                 Actions* actions);
  void Bar(const Device& device, const QuarantinedKernel& kernel, Actions* actions);
  void EndIfFinished(SubmissionId submission, Actions* actions);
  // Why the device counts as lost at `now`; empty when it does not.
  std::string WhyLost(absl::Duration now, const Device& device) const;

  void Dispatch(absl::Duration now, Actions* actions);
  void Assign(absl::Duration now, Device& device, const std::vector<const DeviceInfo*>& available,
              Actions* actions);
  bool RunsSuspect(const Device& device) const;
  // After any change of who is connected or what is queued.
  void DispatchAndTell(absl::Duration now, Actions* actions);

  const TrackerPolicy policy_;
  DeviceTable devices_;
  Quarantine quarantine_;
  DispatchQueue queue_{&quarantine_};
  AssignmentMap assignments_;
  uint64_t next_epoch_;
  AssignmentId next_assignment_;
  SubmissionId next_submission_ = 1;
  absl::Duration last_tick_ = absl::InfiniteDuration();  // Infinite: not ticked yet.
  uint64_t num_stale_results_ = 0;
};

}  // namespace tunefarm::tracker

#endif  // TUNEFARM_TRACKER_TRACKER_CORE_H_
