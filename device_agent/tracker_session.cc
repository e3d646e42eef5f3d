#include "device_agent/tracker_session.h"

#include <grpcpp/grpcpp.h>

#include "absl/time/clock.h"

namespace tunefarm::device_agent {
namespace {

// The contract's bound for one message (proto/tunefarm/v1/tracker.proto).
constexpr int kMaxMessageBytes = 64 << 20;

int Milliseconds(absl::Duration duration) {
  return static_cast<int>(absl::ToInt64Milliseconds(duration));
}

std::shared_ptr<grpc::Channel> Dial(const std::string& address, absl::Duration keepalive) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(kMaxMessageBytes);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, Milliseconds(keepalive));
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, Milliseconds(keepalive));
  // gRPC's name for how long one attempt to connect may take; 20 s if left alone.
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, Milliseconds(TrackerSession::kDialTimeout));
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  // Each session dials for itself: a shared connection would bring gRPC's own, longer backoff
  // along.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
}

}  // namespace

TrackerSession::TrackerSession(const std::string& address, absl::Duration keepalive,
                               absl::Duration lifetime)
    : stub_(v1::AgentService::NewStub(Dial(address, keepalive))) {
  if (lifetime != absl::InfiniteDuration()) {
    context_.set_deadline(absl::ToChronoTime(absl::Now() + lifetime));
  }
  // Else Connect itself would wait for the connection, where nobody could cancel it.
  context_.set_initial_metadata_corked(true);
  stream_ = stub_->Connect(&context_);
}

bool TrackerSession::Read(v1::TrackerMessage* message) { return stream_->Read(message); }

bool TrackerSession::Write(const v1::AgentMessage& message) { return stream_->Write(message); }

void TrackerSession::WritesDone() { stream_->WritesDone(); }

void TrackerSession::Cancel() { context_.TryCancel(); }

absl::Status TrackerSession::Finish() {
  const grpc::Status status = stream_->Finish();
  return absl::Status(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
}

}  // namespace tunefarm::device_agent
