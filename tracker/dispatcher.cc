#include "tracker/dispatcher.h"

#include <type_traits>
#include <utility>
#include <variant>

#include "absl/strings/str_format.h"
#include "base/status.h"
#include "base/version.h"
#include "spdlog/spdlog.h"
#include "tracker/compatibility.h"
#include "tracker/touched.h"
#include "tracker/wire.h"

namespace tunefarm::tracker {
namespace {

constexpr char kShuttingDown[] = "the tracker is shutting down";

}  // namespace

Dispatcher::Dispatcher(const TrackerPolicy& policy, size_t max_queued_bytes,
                       const base::Clock& clock, BlobStore& blobs)
    : heartbeat_interval_(policy.heartbeat_interval),
      hello_timeout_(policy.hello_timeout),
      max_queued_bytes_(max_queued_bytes),
      clock_(clock),
      blobs_(blobs),
      core_(policy) {}

void Dispatcher::Opened(std::shared_ptr<AgentPeer> peer) {
  base::MutexLock lock(&mutex_);
  const AgentPeer* key = peer.get();
  strangers_[key] = {std::move(peer), clock_.SteadyNow()};
}

void Dispatcher::Left(const AgentPeer* peer) {
  base::MutexLock lock(&mutex_);
  strangers_.erase(peer);
}

void Dispatcher::CloseStrangers(Touched* touched) {
  for (auto it = strangers_.begin(); it != strangers_.end();) {
    Stranger& stranger = it->second;
    if (clock_.SteadyNow() - stranger.since < hello_timeout_) {
      ++it;
      continue;
    }
    stranger.peer->Close(absl::DeadlineExceededError(
        absl::StrFormat("no Hello within %s", absl::FormatDuration(hello_timeout_))));
    touched->Add(std::move(stranger.peer));
    it = strangers_.erase(it);
  }
}

absl::StatusOr<SessionId> Dispatcher::Hello(std::shared_ptr<AgentPeer> peer,
                                            const v1::Hello& hello) {
  TUNEFARM_RETURN_IF_ERROR(CheckCompatible(hello, base::OwnVersion()));
  const std::string& name = hello.device().name();
  Touched touched;
  base::MutexLock lock(&mutex_);
  if (shut_down_) return absl::UnavailableError(kShuttingDown);
  Actions actions;
  TUNEFARM_ASSIGN_OR_RETURN(const SessionId session,
                            core_.OnHello(clock_.SteadyNow(), FromProto(hello), &actions));
  strangers_.erase(peer.get());
  agents_[session] = std::move(peer);
  SendToAgent(session, Welcome(session), &touched);
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
    case v1::AgentMessage::kUpdateReport:   // Its stream's: AgentPeer::StartUpdate.
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

absl::StatusOr<v1::TrackerMessage> Dispatcher::Probe(const v1::Hello& hello) const {
  TUNEFARM_RETURN_IF_ERROR(CheckCompatible(hello, base::OwnVersion()));
  return Welcome(0);
}

void Dispatcher::UpdateDevice(const std::string& name, v1::UpdateAgent update, UpdateDone done) {
  std::shared_ptr<AgentPeer> peer;
  {
    base::MutexLock lock(&mutex_);
    const std::optional<SessionId> session = core_.LiveSession(name);
    if (session && agents_.contains(*session)) peer = agents_[*session];
  }
  if (peer == nullptr) {
    done(absl::NotFoundError(absl::StrFormat("no connected device is named %s", name)));
    return;
  }
  peer->StartUpdate(std::move(update), std::move(done));
}

v1::TrackerMessage Dispatcher::Welcome(SessionId session) const {
  v1::TrackerMessage message;
  message.mutable_welcome()->set_session_epoch(session);
  message.mutable_welcome()->set_heartbeat_interval_ns(
      static_cast<uint64_t>(absl::ToInt64Nanoseconds(heartbeat_interval_)));
  return message;
}

absl::Status Dispatcher::UndrainDevice(const std::string& name) {
  Touched touched;
  base::MutexLock lock(&mutex_);
  Actions actions;
  TUNEFARM_RETURN_IF_ERROR(core_.OnUndrain(clock_.SteadyNow(), name, &actions));
  Apply(actions, nullptr, &touched);
  return absl::OkStatus();
}

void Dispatcher::Tick() {
  Touched touched;
  base::MutexLock lock(&mutex_);
  CloseStrangers(&touched);
  Actions actions;
  core_.OnTick(clock_.SteadyNow(), &actions);
  Apply(actions, nullptr, &touched);
}

void Dispatcher::Shutdown() {
  Touched touched;
  base::MutexLock lock(&mutex_);
  shut_down_ = true;
  for (auto& [peer, stranger] : strangers_) {
    stranger.peer->Close(absl::UnavailableError(kShuttingDown));
    touched.Add(std::move(stranger.peer));
  }
  for (auto& [session, peer] : agents_) {
    peer->Close(absl::UnavailableError(kShuttingDown));
    touched.Add(std::move(peer));
  }
  for (auto& [id, submission] : submissions_) {
    submission.peer->Close(absl::UnavailableError(kShuttingDown));
    touched.Add(std::move(submission.peer));
  }
  strangers_.clear();
  agents_.clear();
  submissions_.clear();
}

}  // namespace tunefarm::tracker
