// Rows of features, one config each, stored densely: what models are trained on and score.
#ifndef TUNEFARM_TUNER_FEATURE_FEATURE_MATRIX_H_
#define TUNEFARM_TUNER_FEATURE_FEATURE_MATRIX_H_

#include <cstddef>
#include <span>
#include <vector>

namespace tunefarm::tuner {

// Row-major. Invariant: values.size() is a multiple of num_columns.
struct FeatureMatrix {
  size_t num_columns = 0;
  std::vector<float> values;

  size_t num_rows() const { return num_columns == 0 ? 0 : values.size() / num_columns; }
  std::span<const float> Row(size_t row) const {
    return std::span<const float>(values).subspan(row * num_columns, num_columns);
  }
  // The first row settles the number of columns; later ones must have as many.
  void Append(std::span<const float> row) {
    if (num_columns == 0) num_columns = row.size();
    values.insert(values.end(), row.begin(), row.end());
  }
};

}  // namespace tunefarm::tuner

#endif  // TUNEFARM_TUNER_FEATURE_FEATURE_MATRIX_H_
