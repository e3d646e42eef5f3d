#include "tuner/session/transfer.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "base/status.h"
#include "compiler/op/operator.h"
#include "tuner/feature/feature_table.h"

namespace tunefarm::tuner {
namespace {

constexpr uint64_t kTrialsPerTask = 64;
constexpr size_t kMaxSources = 8;        // Binding a template takes milliseconds.
constexpr size_t kSeedsOfSameTask = 2;   // Its own earlier results are the likeliest best,
constexpr size_t kSeedsOfOtherTask = 1;  // those of others a hint.

// The trials of one (workload, target), fastest first.
struct Source {
  compiler::Workload workload;
  compiler::Target target;
  std::vector<db::TrialRecord> trials;
  double distance = 0;  // 0: the very same task.
};

// How unlike the tasks are, roughly in factors of e.
double Distance(const TaskSetup& setup, const Source& source) {
  const compiler::Workload& a = setup.workload;
  const compiler::Workload& b = source.workload;
  const auto log_ratio = [](int64_t x, int64_t y) {
    return std::abs(std::log(static_cast<double>(std::max<int64_t>(x, 1)) /
                             static_cast<double>(std::max<int64_t>(y, 1))));
  };
  double distance = log_ratio(a.c, b.c) + log_ratio(a.oc, b.oc) + log_ratio(a.n, b.n) +
                    log_ratio(a.h, b.h) + log_ratio(a.w, b.w) + log_ratio(a.kh, b.kh) +
                    log_ratio(a.kw, b.kw) + log_ratio(a.stride_w, b.stride_w);
  if (setup.target_text != compiler::Print(source.target)) distance += 4;
  return distance;
}

absl::StatusOr<std::vector<Source>> FindSources(const TaskSetup& setup, int64_t own_task_id,
                                                const db::TuningLog& log) {
  TUNEFARM_ASSIGN_OR_RETURN(std::vector<db::TrialRecord> trials,
                            log.NearestTrials(setup.space().name(), kTrialsPerTask));
  std::map<std::pair<std::string, std::string>, Source> by_task;
  for (db::TrialRecord& trial : trials) {
    if (trial.task_id == own_task_id || trial.emulated) continue;
    by_task[{trial.workload, trial.target}].trials.push_back(std::move(trial));
  }
  std::vector<Source> sources;
  for (auto& [task, source] : by_task) {
    auto workload = compiler::ParseWorkload(task.first);
    auto target = compiler::ParseTarget(task.second);
    if (!workload.ok() || !target.ok()) continue;  // Of another version.
    source.workload = *workload;
    source.target = *std::move(target);
    source.distance = Distance(setup, source);
    std::stable_sort(source.trials.begin(), source.trials.end(),
                     [](const auto& a, const auto& b) { return a.cost_ns < b.cost_ns; });
    sources.push_back(std::move(source));
  }
  std::stable_sort(sources.begin(), sources.end(),
                   [](const Source& a, const Source& b) { return a.distance < b.distance; });
  if (sources.size() > kMaxSources) sources.resize(kMaxSources);
  return sources;
}

void AddSeeds(const TaskSetup& setup, const Source& source, std::vector<compiler::Config>* seeds) {
  size_t left = source.distance == 0 ? kSeedsOfSameTask : kSeedsOfOtherTask;
  for (const db::TrialRecord& trial : source.trials) {
    if (left == 0) return;
    const absl::StatusOr<compiler::Config> config = setup.space().Parse(trial.config);
    if (!config.ok() || !setup.space().IsValid(*config)) continue;
    if (std::find(seeds->begin(), seeds->end(), *config) != seeds->end()) continue;
    seeds->push_back(*config);
    --left;
  }
}

std::optional<OtherTask> MakeOtherTask(const TaskSetup& setup, const Source& source) {
  const auto op = compiler::BuildOperator(source.workload);
  if (!op.ok()) return std::nullopt;
  const auto bound = compiler::BindTemplate(*op, source.target);
  if (!bound.ok() || (*bound)->space().name() != setup.space().name()) return std::nullopt;
  OtherTask other;
  for (const db::TrialRecord& trial : source.trials) {
    const absl::StatusOr<compiler::Config> config = (*bound)->space().Parse(trial.config);
    if (!config.ok() || !(*bound)->space().IsValid(*config)) continue;
    other.rows.Append(ExtractFeatures((*bound)->Facts(*config), source.target, source.workload));
    other.costs_ns.push_back(trial.search_cost.min_ns);  // As a session ranks its own.
  }
  if (other.costs_ns.empty()) return std::nullopt;
  return other;
}

}  // namespace

absl::StatusOr<Transfer> FindTransfer(const TaskSetup& setup, int64_t own_task_id,
                                      const db::TuningLog& log) {
  TUNEFARM_ASSIGN_OR_RETURN(const std::vector<Source> sources,
                            FindSources(setup, own_task_id, log));
  Transfer transfer;
  for (const Source& source : sources) {
    AddSeeds(setup, source, &transfer.seeds);
    std::optional<OtherTask> other = MakeOtherTask(setup, source);
    if (other) transfer.others.push_back(*std::move(other));
  }
  return transfer;
}

}  // namespace tunefarm::tuner
