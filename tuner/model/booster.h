// Boosted trees by XGBoost's C API: the only place that names it. Training returns an immutable
// value; errors of the library become Status with its own words.
//
// Always one thread: the library takes every core by default, and cores beside it are building
// kernels.
#ifndef TUNEFARM_TUNER_MODEL_BOOSTER_H_
#define TUNEFARM_TUNER_MODEL_BOOSTER_H_

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "tuner/feature/feature_matrix.h"

namespace tunefarm::tuner {

struct BoosterOptions {
  // kSquaredError: the label itself. kPairwiseRank: the order of labels within each group (larger
  // is better); the prediction has no unit.
  enum class Objective { kSquaredError, kPairwiseRank } objective = Objective::kSquaredError;
  int num_rounds = 60;
  int max_depth = 4;
  double learning_rate = 0.2;
  double l2_regularisation = 1;
  double min_child_weight = 1;
  int num_pair_samples =
      8;  // kPairwiseRank: pairs drawn per row and round; the library's default of 1 is weak.
};

// What a booster is trained on. Spans outlive the call only.
struct BoosterData {
  const FeatureMatrix& rows;      // At least one row, finite values.
  std::span<const float> labels;  // One per row.
  std::span<const float>
      base_margin;  // One per row, what is known before the first tree; empty: zeros.
  std::span<const uint32_t>
      group_sizes;  // Consecutive rows that are ranked together; empty: all rows are one group.
};

class Booster {
 public:
  Booster(Booster&&) noexcept;
  Booster& operator=(Booster&&) noexcept;
  ~Booster();

  // Errors: kInvalidArgument (sizes that do not agree), kInternal with the library's words.
  static absl::StatusOr<Booster> Train(const BoosterOptions& options, const BoosterData& data);

  // The model in XGBoost's UBJSON, and back. Errors of Load: kInvalidArgument.
  absl::StatusOr<std::string> Save() const;
  static absl::StatusOr<Booster> Load(const std::string& ubjson);

  // The sum of the trees for each row; the caller adds the base margin that it trained with.
  // Thread-safe.
  absl::StatusOr<std::vector<float>> Predict(const FeatureMatrix& rows) const;

 private:
  struct Handle;
  explicit Booster(std::unique_ptr<Handle> handle);
  std::unique_ptr<Handle> handle_;
};

}  // namespace tunefarm::tuner

#endif  // TUNEFARM_TUNER_MODEL_BOOSTER_H_
