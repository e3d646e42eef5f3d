// A cost model bound to one task: from config indices and measured times to rows, labels and
// scores. What a session hands to the search as its ScoreFunction.
#ifndef TUNEFARM_TUNER_MODEL_TASK_MODEL_H_
#define TUNEFARM_TUNER_MODEL_TASK_MODEL_H_

#include <cstdint>
#include <functional>
#include <span>
#include <unordered_map>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/mutex.h"
#include "compiler/op/workload.h"
#include "compiler/space/facts.h"
#include "compiler/space/space.h"
#include "compiler/target/target.h"
#include "tuner/feature/feature_matrix.h"
#include "tuner/feature/score.h"
#include "tuner/model/cost_model.h"

namespace tunefarm::tuner {

// Measured configs of another task or device with the same template: what the ranker learns from
// beside the local rows.
struct OtherTask {
  FeatureMatrix rows;
  std::vector<double> costs_ns;  // One per row; 0 for a failed config.
};

// Thread-safe: a session refits on one thread while another asks for scores.
class TaskModel {
 public:
  static constexpr size_t kRefitEvery = 8;  // Observations between two fits.
  static constexpr size_t kMaxRowsPerOther =
      256;  // Of another task: half of them its best, half spread over the rest.

  // `space` and `model` must outlive this. `facts` is called with valid configs only, from several
  // threads.
  TaskModel(const compiler::ConfigSpace* space,
            std::function<compiler::ConfigFacts(const compiler::Config&)> facts,
            const compiler::Target& target, const compiler::Workload& workload, CostModel* model);

  void AddOtherTask(const OtherTask& other) ABSL_LOCKS_EXCLUDED(mutex_);

  // `ok` is false for every outcome that is the config's fault; device_lost is not to be observed.
  // A config that is observed again replaces what was known.
  void Observe(uint64_t config_index, bool ok, double cost_ns) ABSL_LOCKS_EXCLUDED(mutex_);

  // Fits the model if other tasks were added or kRefitEvery observations came since the last fit,
  // in the calling thread (10-50 ms). Returns whether it did. Needs at least two observations with
  // different results.
  absl::StatusOr<bool> RefitIfDue() ABSL_LOCKS_EXCLUDED(mutex_);

  // A ScoreFunction: empty while nothing has been learned. Aborts on a model that refuses its own
  // table's rows.
  std::vector<Prediction> Score(std::span<const uint64_t> indices) ABSL_LOCKS_EXCLUDED(mutex_);

  // The feature row of a config, computed once.
  std::vector<float> Row(uint64_t config_index) ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  struct Trial {
    uint64_t config_index;
    bool ok;
    double cost_ns;
  };

  // Position of the config's row in rows_.
  size_t RowPosition(uint64_t config_index) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  TrainingSet MakeTrainingSet() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const compiler::ConfigSpace* const space_;
  const std::function<compiler::ConfigFacts(const compiler::Config&)> facts_;
  const compiler::Target target_;
  const compiler::Workload workload_;
  CostModel* const model_;

  base::Mutex mutex_;
  FeatureMatrix rows_ ABSL_GUARDED_BY(mutex_);
  std::unordered_map<uint64_t, size_t> positions_ ABSL_GUARDED_BY(mutex_);
  std::vector<Trial> trials_ ABSL_GUARDED_BY(mutex_);
  TrainingSet others_ ABSL_GUARDED_BY(mutex_);
  size_t unfitted_ ABSL_GUARDED_BY(mutex_) = 0;
  bool others_changed_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace tunefarm::tuner

#endif  // TUNEFARM_TUNER_MODEL_TASK_MODEL_H_
