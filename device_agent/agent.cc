#include "device_agent/agent.h"

#include <algorithm>
#include <thread>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/status.h"
#include "device_agent/tracker_session.h"
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

absl::Status Agent::RunSession() {
  TrackerSession session(options_.tracker);
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
    while (phase_ == Phase::kWelcome && !book_.HasOutgoing() && SteadyNow() < deadline) {
      changed_.WaitFor(&mutex_, deadline - SteadyNow());
    }
    if (phase_ != Phase::kWelcome) return {};
    unavailable = ReadUnavailable();
    // Before results that came to nothing because of it, or their candidates come back here.
    const bool is_news = unavailable != std::exchange(told_unavailable_, unavailable);
    if (!is_news && book_.HasOutgoing()) return book_.TakeOutgoing();
  }
  return {Heartbeat(unavailable)};
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

v1::AgentMessage Agent::Hello() const {
  v1::AgentMessage message;
  v1::Hello* hello = message.mutable_hello();
  *hello->mutable_device() = options_.device;
  hello->set_token(options_.token);
  hello->set_instance_id(options_.instance_id);
  hello->set_unavailable(told_unavailable_);
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
