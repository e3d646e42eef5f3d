#include "tracker/dispatcher.h"

#include <type_traits>
#include <utility>
#include <variant>

#include "absl/strings/str_format.h"
#include "base/status.h"
#include "spdlog/spdlog.h"
#include "tracker/wire.h"

namespace tunefarm::tracker {
namespace {

constexpr char kShuttingDown[] = "the tracker is shutting down";

std::vector<AssignmentId> RunningOf(const v1::Hello& hello) {
  std::vector<AssignmentId> running;
  for (const v1::RunningAssignment& assignment : hello.running()) {
    running.push_back(assignment.assignment_id());
  }
  return running;
}

}  // namespace

class Dispatcher::Touched {
 public:
  Touched() = default;
  Touched(const Touched&) = delete;
  Touched& operator=(const Touched&) = delete;
  ~Touched() {
    for (const std::shared_ptr<Peer>& peer : peers_) peer->Flush();
  }
  void Add(std::shared_ptr<Peer> peer) { peers_.push_back(std::move(peer)); }

 private:
  std::vector<std::shared_ptr<Peer>> peers_;
};

Dispatcher::Dispatcher(const TrackerPolicy& policy, size_t max_queued_bytes,
                       const base::Clock& clock, BlobStore& blobs)
    : heartbeat_interval_(policy.heartbeat_interval),
      max_queued_bytes_(max_queued_bytes),
      clock_(clock),
      blobs_(blobs),
      core_(policy) {}

absl::StatusOr<SessionId> Dispatcher::Hello(std::shared_ptr<AgentPeer> peer,
                                            const v1::Hello& hello) {
  DeviceInfo info = FromProto(hello.device());
  TUNEFARM_RETURN_IF_ERROR(CheckAbiVersion(info));
  info.unavailable = hello.unavailable();
  const std::string name = info.name;
  Touched touched;
  base::MutexLock lock(&mutex_);
  if (shut_down_) return absl::UnavailableError(kShuttingDown);
  Actions actions;
  TUNEFARM_ASSIGN_OR_RETURN(const SessionId session,
                            core_.OnHello(clock_.SteadyNow(), std::move(info), hello.instance_id(),
                                          RunningOf(hello), &actions));
  agents_[session] = std::move(peer);
  v1::TrackerMessage welcome;
  welcome.mutable_welcome()->set_session_epoch(session);
  welcome.mutable_welcome()->set_heartbeat_interval_ns(
      static_cast<uint64_t>(absl::ToInt64Nanoseconds(heartbeat_interval_)));
  SendToAgent(session, std::move(welcome), &touched);
  spdlog::info("device {} connected, session {}", name, session);
  Apply(actions, nullptr, &touched);
  return session;
}

void Dispatcher::FromAgent(SessionId session, const v1::AgentMessage& message) {
  switch (message.kind_case()) {
    case v1::AgentMessage::kHeartbeat: {
      const DeviceState state = FromProto(message.heartbeat().state());
      Touched touched;
      base::MutexLock lock(&mutex_);
      core_.OnHeartbeat(clock_.SteadyNow(), session, state);
      Actions actions;
      core_.OnAvailability(clock_.SteadyNow(), session, message.heartbeat().unavailable(),
                           &actions);
      Apply(actions, nullptr, &touched);
      return;
    }
    case v1::AgentMessage::kBlobRequest:
      SendBlobs(session, message.blob_request());
      return;
    case v1::AgentMessage::kResult:
      Result(session, message.result());
      return;
    case v1::AgentMessage::kHello:
    case v1::AgentMessage::KIND_NOT_SET: {  // Of a newer agent: unknown here, but a sign of life.
      base::MutexLock lock(&mutex_);
      core_.OnHeard(clock_.SteadyNow(), session);
      return;
    }
  }
}

void Dispatcher::Result(SessionId session, const v1::AgentResult& result) {
  Touched touched;
  base::MutexLock lock(&mutex_);
  Actions actions;
  core_.OnResult(clock_.SteadyNow(), session, FromProto(result), &actions);
  Apply(actions, &result, &touched);
}

void Dispatcher::SendBlobs(SessionId session, const v1::BlobRequest& request) {
  // One blob per message: each fits the message limit, and the copies are made outside the lock.
  std::vector<v1::TrackerMessage> replies;
  v1::TrackerMessage missing;
  for (const std::string& digest : request.digests()) {
    const BlobStore::Handle data = blobs_.Get(digest);
    if (data == nullptr) {
      missing.mutable_blobs()->add_missing(digest);
      continue;
    }
    v1::Blob* blob = replies.emplace_back().mutable_blobs()->add_blobs();
    blob->set_digest(digest);
    blob->set_data(*data);
  }
  if (missing.has_blobs()) replies.push_back(std::move(missing));
  Touched touched;
  base::MutexLock lock(&mutex_);
  core_.OnHeard(clock_.SteadyNow(), session);
  for (v1::TrackerMessage& reply : replies) SendToAgent(session, std::move(reply), &touched);
}

void Dispatcher::AgentGone(SessionId session, const std::string& why) {
  Touched touched;
  base::MutexLock lock(&mutex_);
  if (agents_.erase(session) == 0) return;
  spdlog::info("session {} is gone: {}", session, why);
  Actions actions;
  core_.OnAgentGone(clock_.SteadyNow(), session, why, &actions);
  Apply(actions, nullptr, &touched);
}

absl::StatusOr<std::vector<BlobStore::Handle>> Dispatcher::HoldBlobs(
    const v1::VerificationSpec& spec) {
  std::vector<BlobStore::Handle> held;
  for (const v1::ExpectedOutput& expected : spec.expected()) {
    held.push_back(blobs_.Get(expected.digest()));
    if (held.back() == nullptr) {
      return absl::FailedPreconditionError(
          absl::StrFormat("submission: blob %s (expected output of buffer %u) is unknown here; put "
                          "it and submit again",
                          expected.digest(), expected.buffer()));
    }
  }
  return held;
}

absl::StatusOr<SubmissionId> Dispatcher::Submit(std::shared_ptr<ClientPeer> peer,
                                                const v1::SubmitRequest& request) {
  Submission submission;
  TUNEFARM_ASSIGN_OR_RETURN(submission.blobs, HoldBlobs(request.verification()));
  submission.peer = std::move(peer);
  submission.timing = request.timing();
  submission.verification = request.verification();
  submission.bytes = request.ByteSizeLong();
  for (const v1::Candidate& candidate : request.candidates()) {
    submission.candidates[candidate.candidate_id()] = candidate;
  }
  Touched touched;
  base::MutexLock lock(&mutex_);
  if (shut_down_) return absl::UnavailableError(kShuttingDown);
  if (queued_bytes_ + submission.bytes > max_queued_bytes_) {
    return absl::ResourceExhaustedError(
        absl::StrFormat("submission of %u bytes: %u bytes are queued already, the limit is %u",
                        submission.bytes, queued_bytes_, max_queued_bytes_));
  }
  Actions actions;
  TUNEFARM_ASSIGN_OR_RETURN(const SubmissionId id,
                            core_.OnSubmit(clock_.SteadyNow(), FromProto(request), &actions));
  queued_bytes_ += submission.bytes;
  submissions_[id] = std::move(submission);
  Apply(actions, nullptr, &touched);
  return id;
}

void Dispatcher::ClientGone(SubmissionId submission) {
  Touched touched;
  base::MutexLock lock(&mutex_);
  Forget(submission);
  Actions actions;
  core_.OnCancel(clock_.SteadyNow(), submission, &actions);
  Apply(actions, nullptr, &touched);
}

v1::ListDevicesReply Dispatcher::ListDevices() const {
  v1::ListDevicesReply reply;
  base::MutexLock lock(&mutex_);
  for (const DeviceRow& row : core_.Devices(clock_.SteadyNow())) {
    *reply.add_devices() = ToProto(row);
  }
  return reply;
}

absl::Status Dispatcher::DrainDevice(const std::string& name, const std::string& reason) {
  Touched touched;
  base::MutexLock lock(&mutex_);
  Actions actions;
  TUNEFARM_RETURN_IF_ERROR(core_.OnDrain(clock_.SteadyNow(), name, reason, &actions));
  Apply(actions, nullptr, &touched);
  return absl::OkStatus();
}

void Dispatcher::Tick() {
  Touched touched;
  base::MutexLock lock(&mutex_);
  Actions actions;
  core_.OnTick(clock_.SteadyNow(), &actions);
  Apply(actions, nullptr, &touched);
}

void Dispatcher::Shutdown() {
  Touched touched;
  base::MutexLock lock(&mutex_);
  shut_down_ = true;
  for (auto& [session, peer] : agents_) {
    peer->Close(absl::UnavailableError(kShuttingDown));
    touched.Add(std::move(peer));
  }
  for (auto& [id, submission] : submissions_) {
    submission.peer->Close(absl::UnavailableError(kShuttingDown));
    touched.Add(std::move(submission.peer));
  }
  agents_.clear();
  submissions_.clear();
}

void Dispatcher::Apply(const Actions& actions, const v1::AgentResult* result, Touched* touched) {
  for (const Action& action : actions) {
    std::visit(
        [&](const auto& decided) ABSL_NO_THREAD_SAFETY_ANALYSIS {
          if constexpr (std::is_same_v<std::decay_t<decltype(decided)>, ForwardResult>) {
            TUNEFARM_CHECK(result != nullptr, "a result is forwarded that nobody sent");
            Do(decided, *result, touched);
          } else {
            Do(decided, touched);
          }
        },
        action);
  }
}

void Dispatcher::Do(const SendAssignment& action, Touched* touched) {
  const auto it = submissions_.find(action.submission);
  if (it == submissions_.end()) return;
  v1::TrackerMessage message;
  v1::Assignment& assignment = *message.mutable_assignment();
  assignment.set_assignment_id(action.assignment_id);
  assignment.set_epoch(action.epoch);
  *assignment.mutable_timing() = it->second.timing;
  *assignment.mutable_verification() = it->second.verification;
  for (const CandidateId candidate : action.candidates) {
    *assignment.add_candidates() = it->second.candidates.at(candidate);
  }
  SendToAgent(action.session, std::move(message), touched);
}

void Dispatcher::Do(const SendCancel& action, Touched* touched) {
  v1::TrackerMessage message;
  message.mutable_cancel()->set_assignment_id(action.assignment_id);
  SendToAgent(action.session, std::move(message), touched);
}

void Dispatcher::Do(const SendDrain& action, Touched* touched) {
  v1::TrackerMessage message;
  message.mutable_drain()->set_reason(action.reason);
  SendToAgent(action.session, std::move(message), touched);
}

void Dispatcher::Do(const CloseAgent& action, Touched* touched) {
  const auto it = agents_.find(action.session);
  if (it == agents_.end()) return;
  spdlog::warn("session {} is closed: {}", action.session, base::OneLine(action.why));
  it->second->Close(action.why);
  touched->Add(std::move(it->second));
  agents_.erase(it);
}

void Dispatcher::Do(const ForwardResult& action, const v1::AgentResult& result, Touched* touched) {
  v1::SubmitUpdate update;
  *update.mutable_result() = result.result();
  update.mutable_result()->set_device(action.device);
  update.mutable_result()->set_epoch(result.epoch());
  SendToClient(action.submission, std::move(update), touched);
  if (const auto it = submissions_.find(action.submission); it != submissions_.end()) {
    it->second.candidates.erase(action.candidate);
  }
}

void Dispatcher::Do(const EndAsDeviceLost& action, Touched* touched) {
  spdlog::warn("candidate {} of submission {}: {}", action.candidate, action.submission,
               action.history);
  v1::SubmitUpdate update;
  *update.mutable_result() = ToProto(action);
  SendToClient(action.submission, std::move(update), touched);
}

void Dispatcher::Do(const TellWaiting& action, Touched* touched) {
  v1::SubmitUpdate update;
  update.set_waiting(action.why);
  SendToClient(action.submission, std::move(update), touched);
}

void Dispatcher::Do(const EndSubmission& action, Touched* touched) {
  const auto it = submissions_.find(action.submission);
  if (it == submissions_.end()) return;
  it->second.peer->Close(absl::OkStatus());
  touched->Add(it->second.peer);
  Forget(action.submission);
}

void Dispatcher::SendToAgent(SessionId session, v1::TrackerMessage message, Touched* touched) {
  const auto it = agents_.find(session);
  if (it == agents_.end()) return;
  it->second->Enqueue(std::move(message));
  touched->Add(it->second);
}

void Dispatcher::SendToClient(SubmissionId submission, v1::SubmitUpdate update, Touched* touched) {
  const auto it = submissions_.find(submission);
  if (it == submissions_.end()) return;
  it->second.peer->Enqueue(std::move(update));
  touched->Add(it->second.peer);
}

void Dispatcher::Forget(SubmissionId submission) {
  const auto it = submissions_.find(submission);
  if (it == submissions_.end()) return;
  queued_bytes_ -= it->second.bytes;
  submissions_.erase(it);
}

}  // namespace tunefarm::tracker
