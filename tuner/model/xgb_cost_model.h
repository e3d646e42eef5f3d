// The default cost model: two heads of boosted trees.
//
//   ranker  rank:pairwise over the groups of all tasks: what makes a config better than another
//   one, anywhere local   squared error on best/t of the task being tuned, on top of the scaled
//   analytic efficiency
//
// Their orders of a batch are averaged, the local one weighted min(1, n / 48) for n local rows: it
// needs some data before it knows more than the ranker, and then it sees what is peculiar to this
// task.
#ifndef TUNEFARM_TUNER_MODEL_XGB_COST_MODEL_H_
#define TUNEFARM_TUNER_MODEL_XGB_COST_MODEL_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "base/mutex.h"
#include "tuner/model/booster.h"
#include "tuner/model/cost_model.h"

namespace tunefarm::tuner {

class XgbCostModel : public CostModel {
 public:
  // Local rows from which on both heads count alike.
  static constexpr double kFullLocalWeightRows = 48;

  absl::Status Fit(const TrainingSet& data) override;
  absl::StatusOr<std::vector<Prediction>> Score(const FeatureMatrix& rows) const override;
  absl::StatusOr<std::string> Save() const override;
  // The loaded ranker scores at once; later fits learn what it gets wrong.
  absl::Status Load(const std::string& bytes) override;

 private:
  // Immutable once published.
  struct Fitted {
    std::shared_ptr<const Booster> pretrained;  // Null: none loaded.
    std::optional<Booster> ranker;              // On top of `pretrained`.
    std::optional<Booster> local;
    double margin_scale = 0;  // Factor from analytic efficiency to the local label.
    size_t num_local_rows = 0;
  };

  absl::Status FitRanker(const TrainingSet& data, Fitted* fitted) const;
  absl::Status FitLocal(const TrainingSet& data, Fitted* fitted) const;
  std::shared_ptr<const Fitted> Current() const ABSL_LOCKS_EXCLUDED(mutex_);
  void Publish(std::shared_ptr<const Fitted> fitted) ABSL_LOCKS_EXCLUDED(mutex_);

  mutable base::Mutex mutex_;
  std::shared_ptr<const Fitted> fitted_ ABSL_GUARDED_BY(mutex_) = std::make_shared<Fitted>();
};

}  // namespace tunefarm::tuner

#endif  // TUNEFARM_TUNER_MODEL_XGB_COST_MODEL_H_
