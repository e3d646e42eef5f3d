#include "tuner/measure/farm_measurer.h"

#include <future>
#include <map>
#include <utility>

#include "absl/strings/str_format.h"
#include "base/clock.h"
#include "base/status.h"
#include "compiler/target/target.h"
#include "tuner/measure/batching.h"
#include "tuner/measure/wire.h"

namespace tunefarm::tuner {
namespace {

constexpr absl::Duration kCallTimeout = absl::Seconds(5);

}  // namespace

FarmMeasurer::FarmMeasurer(BuilderPool* builders, TrackerClient* tracker,
                           const FarmMeasurerOptions& options)
    : builders_(builders),
      tracker_(tracker),
      options_(options),
      flow_(std::make_unique<FarmFlow>(FarmFlow::Farm{builders, tracker, &events_, &slow_},
                                       options.owner, options.reconnect_timeout, MakeListener())) {}

FarmMeasurer::~FarmMeasurer() { Cancel(); }

FarmFlow::Listener FarmMeasurer::MakeListener() {
  FarmFlow::Listener listener;
  listener.on_report = [this](MeasureReport report) {
    base::MutexLock lock(&mutex_);
    reports_.push_back(std::move(report));
    news_.NotifyAll();
  };
  listener.on_waiting = [this](const std::string& reason) {
    base::MutexLock lock(&mutex_);
    waiting_reason_ = reason;
  };
  listener.on_num_devices = [this](size_t num_devices, size_t batch) {
    base::MutexLock lock(&mutex_);
    num_devices_ = num_devices;
    batch_ = batch;
  };
  listener.on_failure = [this](const absl::Status& status) {
    base::MutexLock lock(&mutex_);
    failure_.Update(status);
    news_.NotifyAll();
  };
  return listener;
}

absl::Status FarmMeasurer::Submit(const std::vector<MeasureRequest>& requests,
                                  const MeasureOptions& options) {
  std::map<std::string, compiler::Target> targets;
  for (const MeasureRequest& request : requests) {
    if (targets.contains(request.target)) continue;
    TUNEFARM_ASSIGN_OR_RETURN(targets[request.target], compiler::ParseTarget(request.target));
  }
  {
    base::MutexLock lock(&mutex_);
    TUNEFARM_RETURN_IF_ERROR(failure_);
    in_flight_ += requests.size();
  }
  events_.Post([this, requests, options, targets = std::move(targets)] {
    for (const auto& [text, target] : targets) flow_->AddTarget(text, target);
    flow_->Accept(requests, options);
  });
  return absl::OkStatus();
}

absl::StatusOr<MeasureReport> FarmMeasurer::Next(absl::Duration timeout) {
  absl::StatusOr<MeasureReport> report = AwaitReport(timeout);
  if (absl::IsDeadlineExceeded(report.status()) && options_.check_health) {
    if (const absl::Status health = options_.check_health(); !health.ok()) {
      events_.Post([this, health] { flow_->Fail(health); });
    }
  }
  return report;
}

absl::StatusOr<MeasureReport> FarmMeasurer::AwaitReport(absl::Duration timeout) {
  const absl::Duration end = base::RealClock().SteadyNow() + timeout;
  base::MutexLock lock(&mutex_);
  while (reports_.empty()) {
    if (!failure_.ok() && in_flight_ == 0) return failure_;
    const absl::Duration left = end - base::RealClock().SteadyNow();
    if (left <= absl::ZeroDuration()) {
      return absl::DeadlineExceededError("nothing finished in time");
    }
    news_.WaitFor(&mutex_, left);
  }
  MeasureReport report = std::move(reports_.front());
  reports_.pop_front();
  --in_flight_;
  return report;
}

void FarmMeasurer::Cancel() {
  // Shared: it must live until set_value has returned, not just until we have been woken.
  const auto cleared = std::make_shared<std::promise<void>>();
  events_.Post([this, cleared] {
    flow_->Clear();
    cleared->set_value();
  });
  cleared->get_future().wait();
  base::MutexLock lock(&mutex_);
  reports_.clear();
  in_flight_ = 0;
  waiting_reason_.clear();
}

size_t FarmMeasurer::in_flight() const {
  base::MutexLock lock(&mutex_);
  return in_flight_;
}

size_t FarmMeasurer::wanted_in_flight() const {
  base::MutexLock lock(&mutex_);
  return WantedInFlight(builders_->num_workers(), num_devices_, batch_);
}

std::string FarmMeasurer::waiting_reason() const {
  base::MutexLock lock(&mutex_);
  return waiting_reason_;
}

absl::StatusOr<double> FarmMeasurer::MeasurePeakFlops(const std::string& target) {
  TUNEFARM_ASSIGN_OR_RETURN(const compiler::Target parsed, compiler::ParseTarget(target));
  {
    base::MutexLock lock(&mutex_);
    TUNEFARM_RETURN_IF_ERROR(failure_);
  }
  const auto peak = std::make_shared<std::promise<absl::StatusOr<double>>>();
  events_.Post([this, target, parsed, peak] {
    flow_->AddTarget(target, parsed);
    flow_->AcceptPeak(target, [peak](absl::StatusOr<double> flops) { peak->set_value(flops); });
  });
  return peak->get_future().get();
}

absl::StatusOr<DeviceDescription> FarmMeasurer::DescribeDevice(const std::string& name) {
  TUNEFARM_ASSIGN_OR_RETURN(const std::vector<v1::DeviceEntry> entries,
                            tracker_->ListDevices(kCallTimeout));
  for (const v1::DeviceEntry& entry : entries) {
    if (entry.info().name() == name) return FromProto(entry.info());
  }
  return absl::NotFoundError(
      absl::StrFormat("tracker %s knows no device %s", tracker_->host_port(), name));
}

}  // namespace tunefarm::tuner
