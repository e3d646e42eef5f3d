// The tracker between its streams and its core: one mutex around TrackerCore, the kernels that wait
// in submissions, and the peers that actions are sent to. It knows messages but no gRPC calls.
// Thread-safe.
#ifndef TUNEFARM_TRACKER_DISPATCHER_H_
#define TUNEFARM_TRACKER_DISPATCHER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "tracker/actions.h"
#include "tracker/blob_store.h"
#include "tracker/peer.h"
#include "tracker/tracker_core.h"
#include "tracker/types.h"
#include "tunefarm/v1/tracker.pb.h"

namespace tunefarm::tracker {

class Dispatcher {
 public:
  // `clock` and `blobs` must outlive the dispatcher. Submissions beyond `max_queued_bytes` in all
  // are refused.
  Dispatcher(const TrackerPolicy& policy, size_t max_queued_bytes, const base::Clock& clock,
             BlobStore& blobs);

  // A stream that has not said Hello. Unless it does, or Left is called, it is closed with
  // DEADLINE_EXCEEDED after the policy's hello_timeout.
  void Opened(std::shared_ptr<AgentPeer> peer);
  void Left(const AgentPeer* peer);

  // Opens a session for the agent behind `peer`, which gets Welcome first. The token is the
  // caller's to check. Errors: those of AgentService.Connect, UNAVAILABLE after Shutdown.
  absl::StatusOr<SessionId> Hello(std::shared_ptr<AgentPeer> peer, const v1::Hello& hello);
  // Any message of the session but Hello. Ignored when the session is over.
  void FromAgent(SessionId session, const v1::AgentMessage& message);
  void AgentGone(SessionId session, const std::string& why);

  // Takes the submission; updates go to `peer`, which is closed when every candidate has ended.
  // Errors: those of TrackerService.Submit, UNAVAILABLE after Shutdown.
  absl::StatusOr<SubmissionId> Submit(std::shared_ptr<ClientPeer> peer,
                                      const v1::SubmitRequest& request);
  void ClientGone(SubmissionId submission);

  v1::ListDevicesReply ListDevices() const;
  // Errors: NOT_FOUND, of the second FAILED_PRECONDITION (it does not drain).
  absl::Status DrainDevice(const std::string& name, const std::string& reason);
  absl::Status UndrainDevice(const std::string& name);

  // The answer to a Hello that only asks whether it would be welcome; leaves no trace. The token is
  // the caller's to check. Errors: those of AgentService.Connect but ALREADY_EXISTS.
  absl::StatusOr<v1::TrackerMessage> Probe(const v1::Hello& hello) const;

  // Hands the update to the device's agent; `done` is called once with its word or with an error of
  // TrackerService.UpdateDevice, from any thread.
  void UpdateDevice(const std::string& name, v1::UpdateAgent update, UpdateDone done);

  // To be called about once per heartbeat interval.
  void Tick();

  // Ends every stream with UNAVAILABLE and takes nothing new.
  void Shutdown();

 private:
  struct Submission {
    std::shared_ptr<ClientPeer> peer;
    std::unordered_map<CandidateId, v1::Candidate> candidates;  // Those that have not ended.
    v1::TimingSpec timing;
    v1::VerificationSpec verification;
    std::vector<BlobStore::Handle> blobs;  // Of the verification, held until the submission ends.
    size_t bytes = 0;
  };

  // Peers that were given something: flushed when this is destroyed. Declared before the lock,
  // hence destroyed after it is released, so that gRPC never runs under the mutex.
  class Touched;

  v1::TrackerMessage Welcome(SessionId session) const;
  absl::StatusOr<std::vector<BlobStore::Handle>> HoldBlobs(const v1::VerificationSpec& spec);
  void SendBlobs(SessionId session, const v1::BlobRequest& request);
  void Result(SessionId session, const v1::AgentResult& result);

  void CloseStrangers(Touched* touched) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  // Carries out what the core decided. `result` is the one that was handed to OnResult, else null.
  void Apply(const Actions& actions, const v1::AgentResult* result, Touched* touched)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Do(const SendAssignment& action, Touched* touched) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Do(const SendCancel& action, Touched* touched) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Do(const SendDrain& action, Touched* touched) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Do(const CloseAgent& action, Touched* touched) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Do(const ForwardResult& action, const v1::AgentResult& result, Touched* touched)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Do(const EndAsDeviceLost& action, Touched* touched) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Do(const EndAsQuarantined& action, Touched* touched) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Do(const SendQuarantine& action, Touched* touched) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Do(const TellWaiting& action, Touched* touched) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Do(const EndSubmission& action, Touched* touched) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  void SendToAgent(SessionId session, v1::TrackerMessage message, Touched* touched)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void SendToClient(SubmissionId submission, v1::SubmitUpdate update, Touched* touched)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Forget(SubmissionId submission) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  // A stream without a session.
  struct Stranger {
    std::shared_ptr<AgentPeer> peer;
    absl::Duration since;
  };

  const absl::Duration heartbeat_interval_;
  const absl::Duration hello_timeout_;
  const size_t max_queued_bytes_;
  const base::Clock& clock_;
  BlobStore& blobs_;

  mutable base::Mutex mutex_;
  TrackerCore core_ ABSL_GUARDED_BY(mutex_);
  std::unordered_map<const AgentPeer*, Stranger> strangers_ ABSL_GUARDED_BY(mutex_);
  std::unordered_map<SessionId, std::shared_ptr<AgentPeer>> agents_ ABSL_GUARDED_BY(mutex_);
  std::unordered_map<SubmissionId, Submission> submissions_ ABSL_GUARDED_BY(mutex_);
  size_t queued_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  bool shut_down_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace tunefarm::tracker

#endif  // TUNEFARM_TRACKER_DISPATCHER_H_
