#include "tuner/model/task_model.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "base/status.h"
#include "tuner/feature/feature_table.h"

namespace tunefarm::tuner {
namespace {

// Best over each cost, 0 for failures. `costs_ns` of failed configs are 0.
std::vector<float> Labels(const std::vector<double>& costs_ns) {
  double best = 0;
  for (double cost : costs_ns) {
    if (cost > 0 && (best == 0 || cost < best)) best = cost;
  }
  std::vector<float> labels;
  labels.reserve(costs_ns.size());
  for (double cost : costs_ns) labels.push_back(cost > 0 ? static_cast<float>(best / cost) : 0.0f);
  return labels;
}

// At most `limit` positions: half of them the best, the others evenly spread over the rest in order
// of label.
std::vector<size_t> Thin(const std::vector<float>& labels, size_t limit) {
  std::vector<size_t> order(labels.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return labels[a] > labels[b]; });
  if (order.size() <= limit) return order;
  const size_t num_best = limit / 2;
  const size_t num_spread = limit - num_best;
  const size_t rest = order.size() - num_best;
  std::vector<size_t> kept(order.begin(), order.begin() + num_best);
  for (size_t i = 0; i < num_spread; ++i) kept.push_back(order[num_best + i * rest / num_spread]);
  return kept;
}

}  // namespace

TaskModel::TaskModel(const compiler::ConfigSpace* space,
                     std::function<compiler::ConfigFacts(const compiler::Config&)> facts,
                     const compiler::Target& target, const compiler::Workload& workload,
                     CostModel* model)
    : space_(space),
      facts_(std::move(facts)),
      target_(target),
      workload_(workload),
      model_(model) {}

void TaskModel::AddOtherTask(const OtherTask& other) {
  const std::vector<float> labels = Labels(other.costs_ns);
  const std::vector<size_t> kept = Thin(labels, kMaxRowsPerOther);
  if (kept.empty()) return;
  base::MutexLock lock(&mutex_);
  for (size_t i : kept) {
    others_.rows.Append(other.rows.Row(i));
    others_.labels.push_back(labels[i]);
  }
  others_.group_sizes.push_back(static_cast<uint32_t>(kept.size()));
  others_changed_ = true;
}

void TaskModel::Observe(uint64_t config_index, bool ok, double cost_ns) {
  base::MutexLock lock(&mutex_);
  ++unfitted_;
  for (Trial& trial : trials_) {
    if (trial.config_index != config_index) continue;
    trial = {config_index, ok, cost_ns};
    return;
  }
  trials_.push_back({config_index, ok, cost_ns});
}

absl::StatusOr<bool> TaskModel::RefitIfDue() {
  TrainingSet data;
  {
    base::MutexLock lock(&mutex_);
    if (unfitted_ < kRefitEvery && !others_changed_) return false;
    data = MakeTrainingSet();
    unfitted_ = 0;
    others_changed_ = false;
  }
  TUNEFARM_RETURN_IF_ERROR(model_->Fit(data));
  return true;
}

TrainingSet TaskModel::MakeTrainingSet() {
  TrainingSet data = others_;
  if (trials_.empty()) return data;
  std::vector<double> costs_ns;
  for (const Trial& trial : trials_) {
    const size_t position = RowPosition(trial.config_index);
    data.rows.Append(rows_.Row(position));
    costs_ns.push_back(trial.ok ? trial.cost_ns : 0.0);
  }
  const std::vector<float> labels = Labels(costs_ns);
  data.labels.insert(data.labels.end(), labels.begin(), labels.end());
  data.group_sizes.push_back(static_cast<uint32_t>(trials_.size()));
  data.has_local = true;
  return data;
}

std::vector<Prediction> TaskModel::Score(std::span<const uint64_t> indices) {
  FeatureMatrix rows;
  {
    base::MutexLock lock(&mutex_);
    rows.values.reserve(indices.size() * Features().size());
    for (uint64_t index : indices) rows.Append(rows_.Row(RowPosition(index)));
  }
  auto predictions = model_->Score(rows);
  TUNEFARM_CHECK(predictions.ok(), base::OneLine(predictions.status()));
  return *std::move(predictions);
}

std::vector<float> TaskModel::Row(uint64_t config_index) {
  base::MutexLock lock(&mutex_);
  const auto row = rows_.Row(RowPosition(config_index));
  return {row.begin(), row.end()};
}

size_t TaskModel::RowPosition(uint64_t config_index) {
  const auto [it, inserted] = positions_.try_emplace(config_index, rows_.num_rows());
  if (inserted) {
    rows_.Append(ExtractFeatures(facts_(space_->At(config_index)), target_, workload_));
  }
  return it->second;
}

}  // namespace tunefarm::tuner
