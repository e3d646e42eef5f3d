#include "tuner/model/xgb_cost_model.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "absl/strings/str_format.h"
#include "base/status.h"
#include "tuner/feature/feature_table.h"

namespace tunefarm::tuner {
namespace {

constexpr char kMagic[] = "tunefarm cost model 1";

absl::Status Validate(const TrainingSet& data) {
  const size_t num_rows = data.rows.num_rows();
  size_t grouped = 0;
  for (uint32_t size : data.group_sizes) {
    if (size == 0) return absl::InvalidArgumentError("fit cost model: an empty group");
    grouped += size;
  }
  if (num_rows == 0 || data.labels.size() != num_rows || grouped != num_rows) {
    return absl::InvalidArgumentError(
        absl::StrFormat("fit cost model: %d rows, %d labels, %d rows in groups", num_rows,
                        data.labels.size(), grouped));
  }
  if (data.rows.num_columns != Features().size()) {
    return absl::InvalidArgumentError(absl::StrFormat("fit cost model: %d columns, %d features",
                                                      data.rows.num_columns, Features().size()));
  }
  return absl::OkStatus();
}

// The analytic efficiency of each row.
std::vector<float> Efficiencies(const FeatureMatrix& rows) {
  static const size_t column = *FeatureIndex(kAnalyticEfficiency);
  std::vector<float> values(rows.num_rows());
  for (size_t i = 0; i < values.size(); ++i) values[i] = rows.Row(i)[column];
  return values;
}

// The factor that maps `efficiency` to `labels` with least squares. Failed rows say nothing about
// it.
double FitScale(std::span<const float> efficiency, std::span<const float> labels) {
  double product = 0, square = 0;
  for (size_t i = 0; i < labels.size(); ++i) {
    if (labels[i] <= 0) continue;
    product += static_cast<double>(efficiency[i]) * labels[i];
    square += static_cast<double>(efficiency[i]) * efficiency[i];
  }
  return square > 0 ? product / square : 1.0;
}

// Position of each value in increasing order over the batch, scaled to [0, 1]; equal values share
// their mean position.
std::vector<double> NormalisedRanks(const std::vector<float>& values) {
  std::vector<size_t> order(values.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return values[a] < values[b]; });
  std::vector<double> ranks(values.size());
  const double last = std::max<double>(1, static_cast<double>(values.size()) - 1);
  for (size_t begin = 0; begin < order.size();) {
    size_t end = begin;
    while (end < order.size() && values[order[end]] == values[order[begin]]) ++end;
    const double mean = (static_cast<double>(begin) + static_cast<double>(end - 1)) / 2;
    for (size_t i = begin; i < end; ++i) ranks[order[i]] = mean / last;
    begin = end;
  }
  return ranks;
}

void AddTo(std::vector<float>* sum, const std::vector<float>& values) {
  for (size_t i = 0; i < values.size(); ++i) (*sum)[i] += values[i];
}

bool AllEqual(std::span<const float> values) {
  return std::all_of(values.begin(), values.end(), [&](float v) { return v == values[0]; });
}

}  // namespace

absl::Status XgbCostModel::FitRanker(const TrainingSet& data, Fitted* fitted) const {
  if (AllEqual(data.labels)) return absl::OkStatus();  // No pair to learn from.
  std::vector<float> margin;
  if (fitted->pretrained != nullptr) {
    TUNEFARM_ASSIGN_OR_RETURN(margin, fitted->pretrained->Predict(data.rows));
  }
  BoosterOptions options;
  options.objective = BoosterOptions::Objective::kPairwiseRank;
  TUNEFARM_ASSIGN_OR_RETURN(
      fitted->ranker, Booster::Train(options, {data.rows, data.labels, margin, data.group_sizes}));
  return absl::OkStatus();
}

absl::Status XgbCostModel::FitLocal(const TrainingSet& data, Fitted* fitted) const {
  const size_t num_local = data.group_sizes.back();
  const size_t first = data.rows.num_rows() - num_local;
  FeatureMatrix rows;
  for (size_t i = first; i < data.rows.num_rows(); ++i) rows.Append(data.rows.Row(i));
  const auto labels = std::span<const float>(data.labels).subspan(first);
  std::vector<float> margin = Efficiencies(rows);
  fitted->margin_scale = FitScale(margin, labels);
  for (float& value : margin) value *= static_cast<float>(fitted->margin_scale);
  TUNEFARM_ASSIGN_OR_RETURN(fitted->local,
                            Booster::Train(BoosterOptions(), {rows, labels, margin, {}}));
  fitted->num_local_rows = num_local;
  return absl::OkStatus();
}

absl::Status XgbCostModel::Fit(const TrainingSet& data) {
  TUNEFARM_RETURN_IF_ERROR(Validate(data));
  auto fitted = std::make_shared<Fitted>();
  fitted->pretrained = Current()->pretrained;
  TUNEFARM_RETURN_IF_ERROR(FitRanker(data, fitted.get()));
  if (data.has_local) TUNEFARM_RETURN_IF_ERROR(FitLocal(data, fitted.get()));
  Publish(std::move(fitted));
  return absl::OkStatus();
}

absl::StatusOr<std::vector<Prediction>> XgbCostModel::Score(const FeatureMatrix& rows) const {
  const std::shared_ptr<const Fitted> fitted = Current();
  const bool has_ranker = fitted->ranker.has_value() || fitted->pretrained != nullptr;
  if (rows.num_rows() == 0 || (!has_ranker && !fitted->local)) return std::vector<Prediction>();

  std::vector<double> ranker_order, local_order;
  if (has_ranker) {
    std::vector<float> sum(rows.num_rows(), 0.0f);
    if (fitted->pretrained != nullptr) {
      TUNEFARM_ASSIGN_OR_RETURN(const auto values, fitted->pretrained->Predict(rows));
      AddTo(&sum, values);
    }
    if (fitted->ranker) {
      TUNEFARM_ASSIGN_OR_RETURN(const auto values, fitted->ranker->Predict(rows));
      AddTo(&sum, values);
    }
    ranker_order = NormalisedRanks(sum);
  }
  if (fitted->local) {
    TUNEFARM_ASSIGN_OR_RETURN(std::vector<float> sum, fitted->local->Predict(rows));
    std::vector<float> margin = Efficiencies(rows);
    for (float& value : margin) value *= static_cast<float>(fitted->margin_scale);
    AddTo(&sum, margin);
    local_order = NormalisedRanks(sum);
  }

  const double weight =
      !fitted->local
          ? 0.0
          : std::min(1.0, static_cast<double>(fitted->num_local_rows) / kFullLocalWeightRows);
  std::vector<Prediction> predictions(rows.num_rows());
  for (size_t i = 0; i < predictions.size(); ++i) {
    if (ranker_order.empty()) {
      predictions[i].score = local_order[i];
    } else if (local_order.empty()) {
      predictions[i].score = ranker_order[i];
    } else {
      predictions[i].score = (ranker_order[i] + weight * local_order[i]) / (1 + weight);
      predictions[i].disagreement = std::abs(ranker_order[i] - local_order[i]);
    }
  }
  return predictions;
}

absl::StatusOr<std::string> XgbCostModel::Save() const {
  const std::shared_ptr<const Fitted> fitted = Current();
  if (!fitted->ranker) {
    return absl::FailedPreconditionError("save cost model: no ranker has been fitted");
  }
  if (fitted->pretrained != nullptr) {
    return absl::FailedPreconditionError(
        "save cost model: fitted on top of a loaded one; fit all groups without it instead");
  }
  TUNEFARM_ASSIGN_OR_RETURN(const std::string trees, fitted->ranker->Save());
  return absl::StrFormat("%s\n%s\n", kMagic, FeatureListHash()) + trees;
}

absl::Status XgbCostModel::Load(const std::string& bytes) {
  const std::string magic = absl::StrFormat("%s\n", kMagic);
  if (bytes.compare(0, magic.size(), magic) != 0) {
    return absl::InvalidArgumentError(
        absl::StrFormat("load cost model: does not open with '%s'", kMagic));
  }
  const size_t end = bytes.find('\n', magic.size());
  if (end == std::string::npos) {
    return absl::InvalidArgumentError("load cost model: the feature list's hash is missing");
  }
  const std::string hash = bytes.substr(magic.size(), end - magic.size());
  if (hash != FeatureListHash()) {
    return absl::FailedPreconditionError(
        absl::StrFormat("load cost model: trained on feature list %.12s, this build has %.12s",
                        hash, FeatureListHash()));
  }
  TUNEFARM_ASSIGN_OR_RETURN(Booster booster, Booster::Load(bytes.substr(end + 1)));
  auto fitted = std::make_shared<Fitted>();
  fitted->pretrained = std::make_shared<const Booster>(std::move(booster));
  Publish(std::move(fitted));
  return absl::OkStatus();
}

std::shared_ptr<const XgbCostModel::Fitted> XgbCostModel::Current() const {
  base::MutexLock lock(&mutex_);
  return fitted_;
}

void XgbCostModel::Publish(std::shared_ptr<const Fitted> fitted) {
  base::MutexLock lock(&mutex_);
  fitted_ = std::move(fitted);
}

}  // namespace tunefarm::tuner
