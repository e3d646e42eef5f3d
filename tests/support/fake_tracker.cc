#include "tests/support/fake_tracker.h"

#include <chrono>

#include "base/status.h"

namespace tunefarm::testing {
namespace {

constexpr std::chrono::seconds kPatience(10);
// Short, so that tests see several heartbeats without waiting.
constexpr uint64_t kHeartbeatNs = 20'000'000;

}  // namespace

grpc::Status FakeTracker::Service::Connect(grpc::ServerContext*, Stream* stream) {
  v1::AgentMessage message;
  std::string unavailable;
  while (stream->Read(&message)) {
    std::lock_guard lock(tracker_->mutex_);
    if (message.has_hello() && tracker_->refusal_) return *tracker_->refusal_;
    if (message.has_hello() && !message.hello().probe()) tracker_->stream_ = stream;
    if (message.has_hello() && message.hello().probe()) {
      v1::TrackerMessage welcome;
      welcome.mutable_welcome();
      stream->Write(welcome);
      tracker_->messages_.push_back(message);
      tracker_->changed_.notify_all();
      return grpc::Status::OK;
    }
    const bool is_heartbeat = message.has_heartbeat();
    tracker_->num_heartbeats_ += is_heartbeat ? 1 : 0;
    const std::string& said = is_heartbeat ? message.heartbeat().unavailable() : unavailable;
    if (!is_heartbeat || said != unavailable) {
      unavailable = said;
      tracker_->messages_.push_back(message);
    }
    tracker_->changed_.notify_all();
  }
  std::lock_guard lock(tracker_->mutex_);
  if (tracker_->stream_ == stream) tracker_->stream_ = nullptr;
  return grpc::Status::OK;
}

FakeTracker::FakeTracker(int port) {
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:" + std::to_string(port), grpc::InsecureServerCredentials(),
                           &port_);
  builder.RegisterService(&service_);
  server_ = builder.BuildAndStart();
  TUNEFARM_CHECK(server_ != nullptr && port_ != 0, "the fake tracker cannot listen");
}

FakeTracker::~FakeTracker() {
  // At once: streams break as if the process had been killed.
  server_->Shutdown(std::chrono::system_clock::now());
  server_->Wait();
}

void FakeTracker::Refuse(const grpc::Status& status) {
  std::lock_guard lock(mutex_);
  refusal_ = status;
}

std::optional<v1::AgentMessage> FakeTracker::Next() {
  std::unique_lock lock(mutex_);
  if (!changed_.wait_for(lock, kPatience, [this] { return !messages_.empty(); })) {
    return std::nullopt;
  }
  v1::AgentMessage message = std::move(messages_.front());
  messages_.pop_front();
  return message;
}

v1::Hello FakeTracker::NextHello() {
  const std::optional<v1::AgentMessage> message = Next();
  v1::TrackerMessage welcome;
  welcome.mutable_welcome()->set_session_epoch(1);
  welcome.mutable_welcome()->set_heartbeat_interval_ns(kHeartbeatNs);
  if (message && !message->hello().probe()) Send(welcome);  // A probe has had its own.
  return message ? message->hello() : v1::Hello();
}

v1::AgentResult FakeTracker::NextResult() {
  const std::optional<v1::AgentMessage> message = Next();
  return message ? message->result() : v1::AgentResult();
}

v1::BlobRequest FakeTracker::NextBlobRequest() {
  const std::optional<v1::AgentMessage> message = Next();
  return message ? message->blob_request() : v1::BlobRequest();
}

bool FakeTracker::AwaitHeartbeats(int count) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, kPatience, [&] { return num_heartbeats_ >= count; });
}

void FakeTracker::Send(const v1::TrackerMessage& message) {
  std::lock_guard lock(mutex_);
  if (stream_ != nullptr) stream_->Write(message);
}

}  // namespace tunefarm::testing
