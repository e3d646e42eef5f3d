#include "tuner/measure/tracker_client.h"

#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "base/status.h"

namespace tunefarm::tuner {
namespace {

constexpr int kMaxMessageBytes = 64 << 20;  // tracker.proto: what both ends take.
constexpr int kFirstRetryMs = 100;
constexpr int kLastRetryMs = 2000;
constexpr int kKeepaliveMs = 10000;
constexpr absl::Duration kLookUp = absl::Milliseconds(200);  // Of a wait that may be abandoned.

std::shared_ptr<grpc::Channel> MakeChannel(const std::string& host_port) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(kMaxMessageBytes);
  arguments.SetMaxSendMessageSize(kMaxMessageBytes);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, kFirstRetryMs);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, kFirstRetryMs);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, kLastRetryMs);
  // A tracker that lost power or network ends our streams, where TCP alone would wait for hours.
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveMs);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveMs);
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  return grpc::CreateCustomChannel(host_port, grpc::InsecureChannelCredentials(), arguments);
}

// The operating system's words out of gRPC's: "failed to connect to all addresses; last error:
// UNKNOWN: ipv4:127.0.0.1:7700: Failed to connect to remote host: Connection refused".
std::string Reason(const std::string& message) {
  static constexpr char kMarker[] = "remote host: ";
  const size_t at = message.rfind(kMarker);
  return at == std::string::npos ? message : message.substr(at + sizeof(kMarker) - 1);
}

// gRPC 1.51 takes down the threads that run callbacks with the last channel that used them, and
// aborts where one of them is still on its way out. The first such channel therefore lives as long
// as the process.
void KeepCallbackThreads(const std::shared_ptr<grpc::Channel>& channel) {
  // Marked as used, or the compiler drops it and leak detection finds the channel lost.
  [[gnu::used]] static const auto* const kept = new std::shared_ptr<grpc::Channel>(channel);
}

std::chrono::system_clock::time_point Deadline(absl::Duration timeout) {
  return absl::ToChronoTime(absl::Now() + timeout);
}

}  // namespace

// Kept alive by the client's list until gRPC is done with it.
class TrackerClient::Stream final : public grpc::ClientReadReactor<v1::SubmitUpdate> {
 public:
  Stream(TrackerClient* client, const v1::SubmitRequest& request, OnUpdate on_update, OnEnd on_end)
      : client_(client),
        request_(request),
        on_update_(std::move(on_update)),
        on_end_(std::move(on_end)) {
    client_->Prepare(&context_);
  }

  void Start() {
    client_->stub_->async()->Submit(&context_, &request_, this);
    StartRead(&update_);
    StartCall();
  }
  void Cancel() { context_.TryCancel(); }

  void OnReadDone(bool ok) override {
    if (!ok) return;
    on_update_(std::exchange(update_, {}));
    StartRead(&update_);
  }
  void OnDone(const grpc::Status& status) override {
    on_end_(client_->Convert(status));
    client_->Forget(this);
  }

 private:
  TrackerClient* const client_;
  grpc::ClientContext context_;
  const v1::SubmitRequest request_;
  v1::SubmitUpdate update_;
  const OnUpdate on_update_;
  const OnEnd on_end_;
};

TrackerClient::TrackerClient(const TrackerAddress& address)
    : address_(address),
      channel_(MakeChannel(address.host_port)),
      stub_(v1::TrackerService::NewStub(channel_)) {}

TrackerClient::~TrackerClient() {
  base::MutexLock lock(&mutex_);
  for (const std::shared_ptr<Stream>& stream : streams_) stream->Cancel();
  while (!streams_.empty()) ended_.Wait(&mutex_);
}

void TrackerClient::Prepare(grpc::ClientContext* context) const {
  if (!address_.token.empty()) context->AddMetadata("authorization", "Bearer " + address_.token);
}

absl::Status TrackerClient::Convert(const grpc::Status& status) const {
  if (status.ok()) return absl::OkStatus();
  const auto code = static_cast<absl::StatusCode>(status.error_code());
  if (code == absl::StatusCode::kUnavailable) {
    return absl::UnavailableError(absl::StrFormat(
        "tracker %s is not reachable: %s", address_.host_port, Reason(status.error_message())));
  }
  if (code == absl::StatusCode::kDeadlineExceeded) {
    return absl::UnavailableError(
        absl::StrFormat("tracker %s is not reachable: no answer in time", address_.host_port));
  }
  return absl::Status(
      code, absl::StrFormat("tracker %s: %s", address_.host_port, status.error_message()));
}

absl::StatusOr<std::vector<v1::DeviceEntry>> TrackerClient::ListDevices(absl::Duration timeout) {
  grpc::ClientContext context;
  Prepare(&context);
  context.set_deadline(Deadline(timeout));
  v1::ListDevicesReply reply;
  TUNEFARM_RETURN_IF_ERROR(Convert(stub_->ListDevices(&context, {}, &reply)));
  return std::vector<v1::DeviceEntry>(reply.devices().begin(), reply.devices().end());
}

absl::Status TrackerClient::PutBlobs(const v1::PutBlobsRequest& request, absl::Duration timeout) {
  grpc::ClientContext context;
  Prepare(&context);
  context.set_deadline(Deadline(timeout));
  v1::PutBlobsReply reply;
  return Convert(stub_->PutBlobs(&context, request, &reply));
}

absl::Status TrackerClient::DrainDevice(const std::string& name, const std::string& reason,
                                        absl::Duration timeout) {
  grpc::ClientContext context;
  Prepare(&context);
  context.set_deadline(Deadline(timeout));
  v1::DrainDeviceRequest request;
  request.set_name(name);
  request.set_reason(reason);
  v1::DrainDeviceReply reply;
  return Convert(stub_->DrainDevice(&context, request, &reply));
}

absl::Status TrackerClient::WaitUntilReachable(absl::Duration timeout,
                                               const std::atomic<bool>* abandoned) {
  for (const absl::Time end = absl::Now() + timeout; absl::Now() < end;) {
    if (channel_->WaitForConnected(Deadline(std::min(end - absl::Now(), kLookUp)))) {
      return absl::OkStatus();
    }
    if (abandoned != nullptr && *abandoned) return absl::CancelledError("no longer wanted");
  }
  return absl::UnavailableError(absl::StrFormat("tracker %s is not reachable for %s",
                                                address_.host_port, absl::FormatDuration(timeout)));
}

std::unique_ptr<TrackerClient::Submission> TrackerClient::Submit(const v1::SubmitRequest& request,
                                                                 OnUpdate on_update, OnEnd on_end) {
  class Handle final : public Submission {
   public:
    explicit Handle(std::weak_ptr<Stream> stream) : stream_(std::move(stream)) {}
    ~Handle() override {
      if (const std::shared_ptr<Stream> stream = stream_.lock()) stream->Cancel();
    }

   private:
    const std::weak_ptr<Stream> stream_;
  };

  KeepCallbackThreads(channel_);
  auto stream = std::make_shared<Stream>(this, request, std::move(on_update), std::move(on_end));
  auto handle = std::make_unique<Handle>(stream);
  {
    base::MutexLock lock(&mutex_);
    streams_.push_back(stream);
  }
  stream->Start();
  return handle;
}

void TrackerClient::Forget(const Stream* stream) {
  std::shared_ptr<Stream> last;  // Released after the lock: its callbacks may own what needs it.
  base::MutexLock lock(&mutex_);
  const auto at = std::find_if(streams_.begin(), streams_.end(),
                               [&](const auto& held) { return held.get() == stream; });
  last = std::move(*at);
  streams_.erase(at);
  ended_.NotifyAll();
}

}  // namespace tunefarm::tuner
