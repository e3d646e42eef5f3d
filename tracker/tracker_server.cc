#include "tracker/tracker_server.h"

#include <grpc/support/log.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <functional>
#include <thread>
#include <utility>

#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "base/mutex.h"
#include "base/status.h"
#include "spdlog/spdlog.h"
#include "tracker/agent_stream.h"
#include "tracker/blob_store.h"
#include "tracker/client_service.h"
#include "tracker/dispatcher.h"
#include "tracker/listen_address.h"
#include "tracker/wire.h"

namespace tunefarm::tracker {
namespace {

// Calls a function about once per period until it is destroyed.
class Ticker {
 public:
  Ticker(absl::Duration period, std::function<void()> tick)
      : period_(period), tick_(std::move(tick)), thread_([this] { Run(); }) {}
  ~Ticker() {
    {
      base::MutexLock lock(&mutex_);
      stop_ = true;
    }
    stopped_.NotifyAll();
    thread_.join();
  }

 private:
  void Run() {
    while (!Stopped()) tick_();
  }
  bool Stopped() {
    base::MutexLock lock(&mutex_);
    if (!stop_) stopped_.WaitFor(&mutex_, period_);
    return stop_;
  }

  const absl::Duration period_;
  const std::function<void()> tick_;
  base::Mutex mutex_;
  base::CondVar stopped_;
  bool stop_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

TrackerPolicy WithEpochsAboveAnyBefore(TrackerPolicy policy, const base::Clock& clock) {
  // A tracker grants fewer than a million epochs per second, so microseconds keep successors apart.
  policy.first_epoch = static_cast<uint64_t>(absl::ToUnixMicros(clock.Now()));
  return policy;
}

class TrackerServerImpl final : public TrackerServer {
 public:
  explicit TrackerServerImpl(const TrackerServerOptions& options)
      : gate_(options.token),
        blobs_(options.max_blob_bytes),
        dispatcher_(WithEpochsAboveAnyBefore(options.policy, *options.clock),
                    options.max_queued_bytes, *options.clock, blobs_),
        agents_(dispatcher_, gate_),
        clients_(dispatcher_, blobs_, gate_),
        shutdown_grace_(options.shutdown_grace) {}

  ~TrackerServerImpl() override { Shutdown(); }

  absl::Status Listen(const TrackerServerOptions& options, const ListenAddress& address);

  int port() const override { return address_.port; }
  std::string address() const override { return ToString(address_); }
  const TokenGate& gate() const override { return gate_; }

  void Shutdown() override {
    base::MutexLock lock(&shutdown_mutex_);
    if (server_ == nullptr) return;
    ticker_.reset();
    dispatcher_.Shutdown();
    server_->Shutdown(absl::ToChronoTime(absl::Now() + shutdown_grace_));
    server_->Wait();
    server_.reset();
  }

 private:
  const TokenGate gate_;
  BlobStore blobs_;
  Dispatcher dispatcher_;
  AgentServiceImpl agents_;
  ClientServiceImpl clients_;
  const absl::Duration shutdown_grace_;
  ListenAddress address_;
  base::Mutex shutdown_mutex_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<Ticker> ticker_;
};

absl::Status TrackerServerImpl::Listen(const TrackerServerOptions& options,
                                       const ListenAddress& address) {
  address_ = address;
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort(ToString(address), grpc::InsecureServerCredentials(), &port);
  builder.SetMaxReceiveMessageSize(kMaxMessageBytes);
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT,
                             0);  // Else a second tracker could share the port.
  const auto keepalive_ms = static_cast<int>(absl::ToInt64Milliseconds(options.keepalive));
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, keepalive_ms);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, keepalive_ms);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
                             keepalive_ms / 2);
  builder.RegisterService(&agents_);
  builder.RegisterService(&clients_);
  for (grpc::Service* service : options.extra_services) builder.RegisterService(service);
  server_ = builder.BuildAndStart();
  if (server_ == nullptr || port == 0) {
    server_.reset();
    TUNEFARM_RETURN_IF_ERROR(ProbeListen(address));
    return absl::UnavailableError(absl::StrFormat("cannot listen on %s", ToString(address)));
  }
  address_.port = static_cast<uint16_t>(port);
  ticker_ = std::make_unique<Ticker>(options.policy.heartbeat_interval / 2,
                                     [this] { dispatcher_.Tick(); });
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<TrackerServer>> TrackerServer::Start(
    const TrackerServerOptions& options) {
  TUNEFARM_ASSIGN_OR_RETURN(const ListenAddress address, ParseListenAddress(options.listen));
  if (options.token.empty() && !IsLoopback(address)) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "refusing to listen on %s without a token: agents run what they are sent, so a listener "
        "beyond loopback needs --token-file",
        ToString(address)));
  }
  auto server = std::make_unique<TrackerServerImpl>(options);
  TUNEFARM_RETURN_IF_ERROR(server->Listen(options, address));
  return server;
}

void RouteGrpcLog() {
  gpr_set_log_function([](gpr_log_func_args* args) { spdlog::debug("gRPC: {}", args->message); });
}

}  // namespace tunefarm::tracker
