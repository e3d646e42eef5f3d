#include "tuner/session/peak_probe.h"

#include "base/clock.h"
#include "base/status.h"
#include "spdlog/spdlog.h"

namespace tunefarm::tuner {
namespace {

constexpr absl::Duration kCancelAgain = absl::Milliseconds(50);

}  // namespace

PeakProbe::PeakProbe(Measurer* measurer, const std::string& target)
    : measurer_(measurer), thread_([this, target] {
        const absl::StatusOr<double> flops = measurer_->MeasurePeakFlops(target);
        if (!flops.ok() && !absl::IsCancelled(flops.status())) {
          spdlog::warn("the device's peak is not known: {}", base::OneLine(flops.status()));
        }
        base::MutexLock lock(&mutex_);
        flops_ = flops.value_or(0);
        done_ = true;
        ended_.NotifyAll();
      }) {}

PeakProbe::~PeakProbe() {
  // The thread may not have come to ask yet when it is cancelled for the first time.
  while (!WaitFor(absl::ZeroDuration())) {
    measurer_->Cancel();
    if (WaitFor(kCancelAgain)) break;
  }
  thread_.join();
}

bool PeakProbe::WaitFor(absl::Duration timeout) const {
  const absl::Duration end = base::RealClock().SteadyNow() + timeout;
  base::MutexLock lock(&mutex_);
  while (!done_) {
    const absl::Duration left = end - base::RealClock().SteadyNow();
    if (left <= absl::ZeroDuration()) return false;
    ended_.WaitFor(&mutex_, left);
  }
  return true;
}

double PeakProbe::flops() const {
  base::MutexLock lock(&mutex_);
  return flops_;
}

}  // namespace tunefarm::tuner
