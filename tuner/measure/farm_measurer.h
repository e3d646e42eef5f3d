// The Measurer over real builders and a real tracker: FarmFlow made thread-safe. Builds and runs
// overlap; configs that compile to the same code are measured once.
#ifndef TUNEFARM_TUNER_MEASURE_FARM_MEASURER_H_
#define TUNEFARM_TUNER_MEASURE_FARM_MEASURER_H_

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/mutex.h"
#include "tuner/measure/builder_pool.h"
#include "tuner/measure/farm_flow.h"
#include "tuner/measure/measurer.h"
#include "tuner/measure/serial_queue.h"
#include "tuner/measure/tracker_client.h"

namespace tunefarm::tuner {

struct FarmMeasurerOptions {
  std::string owner;  // Who asks, for people and fair sharing: "user@host:pid".
  absl::Duration reconnect_timeout = absl::Seconds(15);  // For a tracker that went away.
  // Whether the farm's own processes live, where they are ours; asked while nothing arrives.
  std::function<absl::Status()> check_health;
};

class FarmMeasurer final : public Measurer {
 public:
  // Both must outlive this; the measurers of several sessions share them.
  FarmMeasurer(BuilderPool* builders, TrackerClient* tracker, const FarmMeasurerOptions& options);
  ~FarmMeasurer() override;

  absl::Status Submit(const std::vector<MeasureRequest>& requests,
                      const MeasureOptions& options) override;
  absl::StatusOr<MeasureReport> Next(absl::Duration timeout) override;
  void Cancel() override;
  size_t in_flight() const override;
  size_t wanted_in_flight() const override;
  std::string waiting_reason() const override;
  absl::StatusOr<double> MeasurePeakFlops(const std::string& target) override;
  absl::StatusOr<DeviceDescription> DescribeDevice(const std::string& name) override;

 private:
  FarmFlow::Listener MakeListener();
  absl::StatusOr<MeasureReport> AwaitReport(absl::Duration timeout) ABSL_LOCKS_EXCLUDED(mutex_);

  BuilderPool* const builders_;
  TrackerClient* const tracker_;
  const FarmMeasurerOptions options_;

  mutable base::Mutex mutex_;
  base::CondVar news_;  // A report or a failure.
  std::deque<MeasureReport> reports_ ABSL_GUARDED_BY(mutex_);
  size_t in_flight_ ABSL_GUARDED_BY(mutex_) = 0;
  size_t num_devices_ ABSL_GUARDED_BY(mutex_) = 1;
  size_t batch_ ABSL_GUARDED_BY(mutex_) = 0;  // That the devices want; 0: they do not say.
  std::string waiting_reason_ ABSL_GUARDED_BY(mutex_);
  absl::Status failure_ ABSL_GUARDED_BY(mutex_);  // Nothing can be measured any more.

  // Destroyed last to first: no event may meet a flow that is gone.
  std::unique_ptr<FarmFlow> flow_;
  SerialQueue slow_;
  SerialQueue events_;
};

}  // namespace tunefarm::tuner

#endif  // TUNEFARM_TUNER_MEASURE_FARM_MEASURER_H_
