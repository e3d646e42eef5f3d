#include "tuner/service/daemon.h"

#include <utility>

#include "absl/strings/str_format.h"
#include "base/status.h"
#include "db/tuning_log.h"
#include "tracker/listen_address.h"
#include "tracker/tracker_server.h"
#include "tuner/measure/farm.h"
#include "tuner/service/task_runner.h"
#include "tuner/service/tuner_service.h"

namespace tunefarm::tuner {
namespace {

// Where this process reaches its own listener: a wildcard address is no destination.
absl::StatusOr<std::string> OwnAddress(const std::string& listening) {
  TUNEFARM_ASSIGN_OR_RETURN(tracker::ListenAddress address, tracker::ParseListenAddress(listening));
  if (address.host == "0.0.0.0") address.host = "127.0.0.1";
  if (address.host == "::") address.host = "::1";
  return ToString(address);
}

class DaemonImpl final : public Daemon {
 public:
  DaemonImpl(const DaemonOptions& options, std::unique_ptr<db::TuningLog> log)
      : log_(std::move(log)),
        runner_(
            log_.get(),
            [this](const SessionSpec& spec, const std::atomic<bool>& stop, const EventSink& sink) {
              const std::unique_ptr<Measurer> measurer = farm_->NewMeasurer();
              return RunSession(spec, *measurer, *log_, stop, sink);
            },
            options.max_sessions),
        service_(&runner_, log_.get(), options.token) {}
  ~DaemonImpl() override { Drain(); }

  absl::Status Start(const DaemonOptions& options) {
    tracker::TrackerServerOptions server;
    server.listen = options.listen;
    server.token = options.token;
    server.extra_services = {&service_};
    TUNEFARM_ASSIGN_OR_RETURN(server_, tracker::TrackerServer::Start(server));
    FarmSpec farm;
    TUNEFARM_ASSIGN_OR_RETURN(farm.tracker.host_port, OwnAddress(server_->address()));
    farm.tracker.token = options.token;
    farm.owner = options.owner;
    TUNEFARM_ASSIGN_OR_RETURN(farm_, Farm::Open(farm));
    return runner_.Start();
  }

  std::string address() const override { return server_->address(); }

  // Sessions first: the results of running trials still come through the tracker.
  void Drain() override {
    runner_.Drain();
    if (server_ != nullptr) server_->Shutdown();
  }

 private:
  // Destroyed last to first.
  const std::unique_ptr<db::TuningLog> log_;
  std::unique_ptr<Farm> farm_;
  TaskRunner runner_;
  TunerServiceImpl service_;
  std::unique_ptr<tracker::TrackerServer> server_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Daemon>> Daemon::Start(const DaemonOptions& options) {
  TUNEFARM_ASSIGN_OR_RETURN(std::unique_ptr<db::TuningLog> log,
                            db::TuningLog::Open(options.db, db::OpenMode::kReadWriteCreate));
  auto daemon = std::make_unique<DaemonImpl>(options, std::move(log));
  TUNEFARM_RETURN_IF_ERROR(daemon->Start(options));
  return daemon;
}

}  // namespace tunefarm::tuner
