#include "tuner/measure/farm.h"

#include <utility>

#include "base/status.h"
#include "tuner/measure/farm_measurer.h"

namespace tunefarm::tuner {
namespace {

constexpr absl::Duration kFirstAnswer = absl::Seconds(4);

}  // namespace

absl::StatusOr<std::unique_ptr<Farm>> Farm::Open(const FarmSpec& spec) {
  std::unique_ptr<Farm> farm(new Farm);
  farm->owner_ = spec.owner;
  farm->emulated_ = spec.emulated;
  // First, so that they load the compiler while the tracker starts.
  TUNEFARM_ASSIGN_OR_RETURN(farm->builders_, BuilderPool::Start(spec.builders));
  TrackerAddress address = spec.tracker;
  if (address.host_port.empty()) {
    TUNEFARM_ASSIGN_OR_RETURN(farm->local_, LocalFarm::Start(spec.local));
    address.host_port = farm->local_->host_port();
  }
  farm->tracker_ = std::make_unique<TrackerClient>(address);
  TUNEFARM_RETURN_IF_ERROR(farm->tracker_->ListDevices(kFirstAnswer).status());
  return farm;
}

std::unique_ptr<Measurer> Farm::NewMeasurer() {
  FarmMeasurerOptions options;
  options.owner = owner_;
  options.emulated = emulated_;
  if (local_ != nullptr) options.check_health = [this] { return local_->CheckHealth(); };
  return std::make_unique<FarmMeasurer>(builders_.get(), tracker_.get(), options);
}

}  // namespace tunefarm::tuner
