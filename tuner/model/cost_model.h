// What ranks configs before they are measured. One model serves one task at a time; what it has
// learned from other tasks comes in as groups of rows or as a loaded model.
//
// It relies on rows of tuner/feature's table. Search knows a model only through a ScoreFunction
// (tuner/feature/score.h).
#ifndef TUNEFARM_TUNER_MODEL_COST_MODEL_H_
#define TUNEFARM_TUNER_MODEL_COST_MODEL_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tuner/feature/feature_matrix.h"
#include "tuner/feature/score.h"

namespace tunefarm::tuner {

// Measured configs. Rows of one (task, device) stand together and form a group: times compare only
// within a group.
struct TrainingSet {
  FeatureMatrix rows;
  std::vector<float>
      labels;  // The group's best time over this config's, in (0, 1]; 0 for a failed config.
  std::vector<uint32_t> group_sizes;  // Sums to the number of rows; no group is empty.
  bool has_local = false;             // The last group is the task that is being tuned now.
};

// Thread-safe: Score may run while Fit does and sees the previous fit until the new one is
// complete.
class CostModel {
 public:
  virtual ~CostModel() = default;

  // Learns from `data` alone (and from a loaded model): earlier fits are forgotten.
  // Errors: kInvalidArgument (sizes that do not agree); the previous fit stays.
  virtual absl::Status Fit(const TrainingSet& data) = 0;

  // One prediction per row; empty while nothing has been fitted or loaded.
  virtual absl::StatusOr<std::vector<Prediction>> Score(const FeatureMatrix& rows) const = 0;

  // What carries over to other tasks, bound to the feature list. Errors of Save:
  // kFailedPrecondition (nothing learned). Errors of Load: kFailedPrecondition (another feature
  // list), kInvalidArgument (not a model).
  virtual absl::StatusOr<std::string> Save() const = 0;
  virtual absl::Status Load(const std::string& bytes) = 0;
};

}  // namespace tunefarm::tuner

#endif  // TUNEFARM_TUNER_MODEL_COST_MODEL_H_
