#include "device_agent/agent.h"

#include <algorithm>
#include <thread>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/status.h"
#include "base/version.h"
#include "device_agent/tracker_session.h"
#include "proto/protocol_version.h"
#include "spdlog/spdlog.h"

namespace tunefarm::device_agent {
namespace {

// A tracker's mistake must not make the agent flood it.
constexpr absl::Duration kShortestHeartbeat = absl::Milliseconds(10);
constexpr absl::Duration kLongestHeartbeat = absl::Minutes(1);

// Errors that will be the same next time.
bool IsRefusal(const absl::Status& status) {
  return absl::IsUnauthenticated(status) || absl::IsInvalidArgument(status) ||
         absl::IsFailedPrecondition(status) || absl::IsUnimplemented(status);
}

absl::Duration SteadyNow() { return base::RealClock().SteadyNow(); }

}  // namespace

Agent::Agent(AgentOptions options, KernelRunner* runner)
    : options_(std::move(options)),
      runner_(runner),
      backoff_(options_.backoff_seed),
      book_(options_.blob_cache_bytes) {}

absl::Status Agent::Run() {
  std::thread measurer([this] { MeasureLoop(); });
  absl::Status status;
  do {
    status = RunSession();
  } while (AwaitNextDial(status));
  {
    base::MutexLock lock(&mutex_);
    if (stopping_) status = absl::OkStatus();
  }
  Stop();
  measurer.join();
  std::thread updater;
  {
    base::MutexLock lock(&mutex_);
    updater = std::move(updater_);
  }
  if (updater.joinable()) updater.join();
  return status;
}

// False when there shall be no further session: stopped, or refused before ever being welcome.
bool Agent::AwaitNextDial(const absl::Status& status) {
  base::MutexLock lock(&mutex_);
  if (stopping_ || (!was_welcome_ && IsRefusal(status))) return false;
  const absl::Duration wait = backoff_.Next();
  spdlog::warn("no connection to the tracker at {} ({}), dialling again in {} ms", options_.tracker,
               base::OneLine(status), absl::ToInt64Milliseconds(wait));
  const absl::Duration deadline = SteadyNow() + wait;
  while (!stopping_ && SteadyNow() < deadline) changed_.WaitFor(&mutex_, deadline - SteadyNow());
  return !stopping_;
}

void Agent::Stop() {
  base::MutexLock lock(&mutex_);
  stopping_ = true;
  running_stop_.request_stop();
  if (session_ != nullptr) session_->Cancel();
  changed_.NotifyAll();
}

bool Agent::updated() {
  base::MutexLock lock(&mutex_);
  return updated_;
}

void Agent::CheckAlive() { base::MutexLock lock(&mutex_); }

absl::Status Agent::RunSession() {
  TrackerSession session(options_.tracker, options_.keepalive);
  v1::AgentMessage hello;
  {
    base::MutexLock lock(&mutex_);
    told_unavailable_ = ReadUnavailable();
    if (stopping_) session.Cancel();
    session_ = &session;
    phase_ = Phase::kDialling;
    book_.Reconnect();
    hello = Hello();
  }
  session.Write(hello);
  std::thread writer([this, &session] { WriteLoop(&session); });
  v1::TrackerMessage message;
  while (session.Read(&message)) Handle(message);
  {
    base::MutexLock lock(&mutex_);
    phase_ = Phase::kOver;
    session_ = nullptr;
    changed_.NotifyAll();
  }
  writer.join();
  return session.Finish();
}

void Agent::WriteLoop(TrackerSession* session) {
  if (!AwaitWelcome()) session->Cancel();
  while (true) {
    const std::vector<v1::AgentMessage> messages = NextMessages();
    if (messages.empty()) return;
    for (const v1::AgentMessage& message : messages) {
      if (!session->Write(message)) return;  // The reader sees the end as well and says why.
      if (message.has_update_report()) LeaveForUpdate(session);
    }
  }
}

// False when the tracker has not answered Hello in time.
bool Agent::AwaitWelcome() {
  const absl::Duration deadline = SteadyNow() + options_.welcome_timeout;
  base::MutexLock lock(&mutex_);
  while (phase_ == Phase::kDialling) {
    if (SteadyNow() >= deadline) return false;
    changed_.WaitFor(&mutex_, deadline - SteadyNow());
  }
  return true;
}

// What to write next: what the book has, or a heartbeat when it has nothing for a while. Empty when
// the session is over.
std::vector<v1::AgentMessage> Agent::NextMessages() {
  std::string unavailable;
  {
    base::MutexLock lock(&mutex_);
    // Half the interval: a heartbeat that is late by as much again is still in time.
    const absl::Duration deadline = SteadyNow() + heartbeat_interval_ / 2;
    while (phase_ == Phase::kWelcome && !book_.HasOutgoing() && !update_report_ &&
           SteadyNow() < deadline) {
      changed_.WaitFor(&mutex_, deadline - SteadyNow());
    }
    if (phase_ != Phase::kWelcome) return {};
    unavailable = ReadUnavailable();
    // Before results that came to nothing because of it, or their candidates come back here.
    const bool is_news = unavailable != std::exchange(told_unavailable_, unavailable);
    std::vector<v1::AgentMessage> messages;
    if (!is_news) messages = TakeOutgoing();
    if (!messages.empty()) return messages;
  }
  return {Heartbeat(unavailable)};
}

std::vector<v1::AgentMessage> Agent::TakeOutgoing() {
  std::vector<v1::AgentMessage> messages = book_.TakeOutgoing();
  if (update_report_) {
    *messages.emplace_back().mutable_update_report() = *std::move(update_report_);
    update_report_.reset();
    updating_ = false;  // Before it is sent: the tracker may answer it with another one.
  }
  return messages;
}

std::string Agent::ReadUnavailable() const {
  return options_.read_unavailable ? options_.read_unavailable() : "";
}

void Agent::Handle(const v1::TrackerMessage& message) {
  base::MutexLock lock(&mutex_);
  switch (message.kind_case()) {
    case v1::TrackerMessage::kWelcome:
      HandleWelcome(message.welcome());
      break;
    case v1::TrackerMessage::kAssignment:
      StopWork(book_.Add(message.assignment()));
      break;
    case v1::TrackerMessage::kCancel:
      StopWork(book_.Cancel(message.cancel().assignment_id()));
      break;
    case v1::TrackerMessage::kBlobs:
      book_.AddBlobs(message.blobs());
      break;
    case v1::TrackerMessage::kDrain:
      // The tracker sends no more; what is here is finished and the connection stays.
      spdlog::warn("the tracker drains this device: {}", message.drain().reason());
      break;
    case v1::TrackerMessage::kUpdate:
      StartUpdate(message.update());
      break;
    case v1::TrackerMessage::kQuarantine:
      if (options_.on_quarantine) options_.on_quarantine(message.quarantine());
      break;
    case v1::TrackerMessage::KIND_NOT_SET:
      break;  // Of a newer tracker.
  }
  changed_.NotifyAll();
}

void Agent::HandleWelcome(const v1::Welcome& welcome) {
  heartbeat_interval_ =
      std::clamp(absl::Nanoseconds(static_cast<int64_t>(welcome.heartbeat_interval_ns())),
                 kShortestHeartbeat, kLongestHeartbeat);
  phase_ = Phase::kWelcome;
  backoff_.Reset();
  spdlog::info("welcome at {}, session {}", options_.tracker, welcome.session_epoch());
  if (!std::exchange(was_welcome_, true) && options_.on_welcome) options_.on_welcome();
}

// Not on the reading thread: trying an update takes a while, and the tracker must be heard.
void Agent::StartUpdate(const v1::UpdateAgent& update) {
  if (updating_ || updated_) return;  // The tracker sends one at a time.
  updating_ = true;
  if (updater_.joinable()) updater_.join();  // It has ended: updating_ was false.
  updater_ = std::thread([this, update] { RunUpdate(update); });
}

void Agent::RunUpdate(const v1::UpdateAgent& update) {
  const absl::Status status = options_.take_update
                                  ? options_.take_update(update)
                                  : absl::FailedPreconditionError("this device takes no updates");
  if (status.ok()) {
    spdlog::info("taking the update to version {}", update.version());
  } else {
    spdlog::warn("refusing the update to version {}: {}", update.version(), base::OneLine(status));
  }
  base::MutexLock lock(&mutex_);
  update_report_.emplace().set_digest(update.digest());
  if (!status.ok()) update_report_->set_error(std::string(status.message()));
  updated_ = status.ok();
  changed_.NotifyAll();
}

// The report of an update has been written. Where it was taken the agent ends: not by cancelling,
// which might overtake the report.
void Agent::LeaveForUpdate(TrackerSession* session) {
  base::MutexLock lock(&mutex_);
  if (!updated_) return;
  stopping_ = true;
  running_stop_.request_stop();
  changed_.NotifyAll();
  session->WritesDone();
}

void Agent::StopWork(std::optional<uint64_t> serial) {
  if (serial && *serial == running_serial_) running_stop_.request_stop();
}

void Agent::MeasureLoop() {
  while (true) {
    std::optional<AssignmentBook::Work> work;
    std::stop_token stop;
    {
      base::MutexLock lock(&mutex_);
      while (!stopping_ && !book_.HasWork()) changed_.Wait(&mutex_);
      if (stopping_) return;
      work = book_.Start();
      running_serial_ = work->serial;
      running_stop_ = std::stop_source();
      stop = running_stop_.get_token();
    }
    const absl::Status status =
        runner_->Run(work->request, stop, [this, &work](v1::MeasureResult result) {
          base::MutexLock lock(&mutex_);
          book_.AddResult(work->serial, std::move(result));
          changed_.NotifyAll();
        });
    if (!status.ok() && !absl::IsCancelled(status)) {
      spdlog::error("the device failed: {}", base::OneLine(status));
    }
    base::MutexLock lock(&mutex_);
    running_serial_ = 0;
    book_.Finish(work->serial, status);
    changed_.NotifyAll();
  }
}

v1::Hello MakeHello(const AgentOptions& options) {
  v1::Hello hello;
  *hello.mutable_device() = options.device;
  hello.mutable_device()->set_agent_version(base::Print(base::OwnVersion()));
  hello.set_token(options.token);
  hello.set_instance_id(options.instance_id);
  hello.set_protocol_version(kProtocolVersion);
  return hello;
}

absl::Status ProbeTracker(const AgentOptions& options, absl::Duration patience) {
  TrackerSession session(options.tracker, options.keepalive, patience);
  v1::AgentMessage message;
  *message.mutable_hello() = MakeHello(options);
  message.mutable_hello()->set_probe(true);
  session.Write(message);
  v1::TrackerMessage answer;
  bool welcome = false;
  while (session.Read(&answer)) {
    welcome = welcome || answer.has_welcome();
    session.WritesDone();
  }
  absl::Status status = session.Finish();
  return welcome ? absl::OkStatus() : status;
}

v1::AgentMessage Agent::Hello() const {
  v1::AgentMessage message;
  v1::Hello* hello = message.mutable_hello();
  *hello = MakeHello(options_);
  hello->set_unavailable(told_unavailable_);
  if (options_.read_quarantined) {
    for (v1::QuarantinedKernel& kernel : options_.read_quarantined()) {
      *hello->add_quarantined() = std::move(kernel);
    }
  }
  for (v1::RunningAssignment& assignment : book_.Running()) {
    *hello->add_running() = std::move(assignment);
  }
  return message;
}

v1::AgentMessage Agent::Heartbeat(const std::string& unavailable) const {
  v1::AgentMessage message;
  v1::Heartbeat* heartbeat = message.mutable_heartbeat();
  if (options_.read_state) *heartbeat->mutable_state() = options_.read_state();
  heartbeat->set_unavailable(unavailable);
  return message;
}

}  // namespace tunefarm::device_agent
