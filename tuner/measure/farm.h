// All that measuring needs, opened once per process: builders, a tracker (a local one where none is
// named), and measurers for sessions. What the command line and the daemon start with.
#ifndef TUNEFARM_TUNER_MEASURE_FARM_H_
#define TUNEFARM_TUNER_MEASURE_FARM_H_

#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "tuner/measure/builder_pool.h"
#include "tuner/measure/local_farm.h"
#include "tuner/measure/measurer.h"
#include "tuner/measure/tracker_client.h"

namespace tunefarm::tuner {

struct FarmSpec {
  TrackerAddress tracker;  // An empty host_port: a tracker and an agent are started on loopback.
  BuilderPoolOptions builders;
  LocalFarmOptions local;
  std::string owner;  // "user@host:pid".
  // Emulators only, or hardware only; absent: hardware where there is any (FarmFlow).
  std::optional<bool> emulated = {};
};

// Thread-safe.
class Farm {
 public:
  // Errors: kUnavailable (the tracker is not reachable: one line within seconds), those of
  // LocalFarm::Start and BuilderPool::Start.
  static absl::StatusOr<std::unique_ptr<Farm>> Open(const FarmSpec& spec);

  // Must not outlive the farm.
  std::unique_ptr<Measurer> NewMeasurer();
  TrackerClient& tracker() { return *tracker_; }

 private:
  Farm() = default;

  std::string owner_;
  std::optional<bool> emulated_;
  std::unique_ptr<LocalFarm> local_;  // Null: the tracker is another's.
  std::unique_ptr<BuilderPool> builders_;
  std::unique_ptr<TrackerClient> tracker_;
};

}  // namespace tunefarm::tuner

#endif  // TUNEFARM_TUNER_MEASURE_FARM_H_
