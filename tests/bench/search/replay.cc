#include "tests/bench/search/replay.h"

#include <algorithm>
#include <deque>
#include <utility>

#include "base/status.h"
#include "tuner/feature/feature_table.h"
#include "tuner/model/xgb_cost_model.h"

namespace tunefarm::tuner {

absl::StatusOr<std::unique_ptr<ReplaySpace>> ReplaySpace::Make(RecordedSpace recorded) {
  TUNEFARM_ASSIGN_OR_RETURN(const compiler::Workload workload,
                            compiler::ParseWorkload(recorded.workload));
  return std::unique_ptr<ReplaySpace>(new ReplaySpace(std::move(recorded), workload));
}

ReplaySpace::ReplaySpace(RecordedSpace recorded, compiler::Workload workload)
    : recorded_(std::move(recorded)), workload_(workload) {
  for (size_t i = 0; i < recorded_.rows.size(); ++i) {
    const RecordedSpace::Row& row = recorded_.rows[i];
    positions_[row.index] = i;
    if (row.outcome == "ok" && (best_ns_ == 0 || row.cost_ns < best_ns_)) best_ns_ = row.cost_ns;
  }
  // The index of a config follows from its knobs, so a space without constraint can tell it.
  const compiler::ConfigSpace product(recorded_.space_name, recorded_.knobs, nullptr);
  space_ = compiler::ConfigSpace(
      recorded_.space_name, recorded_.knobs, [this, product](const compiler::Config& config) {
        const auto index = product.IndexOf(config);
        return index.ok() && positions_.contains(*index) ? std::string()
                                                         : std::string("not recorded");
      });
}

const RecordedSpace::Row& ReplaySpace::Row(uint64_t index) const {
  const auto it = positions_.find(index);
  TUNEFARM_CHECK(it != positions_.end(), "config that is not recorded");
  return recorded_.rows[it->second];
}

FactsFunction ReplaySpace::facts() const {
  return [this](const compiler::Config& config) { return Row(*space_.IndexOf(config)).facts; };
}

OtherTask ReplaySpace::AsOtherTask() const {
  OtherTask other;
  for (const RecordedSpace::Row& row : recorded_.rows) {
    other.rows.Append(ExtractFeatures(row.facts, recorded_.target, workload_));
    other.costs_ns.push_back(row.outcome == "ok" ? row.cost_ns : 0);
  }
  return other;
}

size_t ReplayResult::TrialsTo(double share) const {
  const auto it = std::find_if(best_share.begin(), best_share.end(),
                               [share](double reached) { return reached >= share; });
  return static_cast<size_t>(it - best_share.begin()) + 1;
}

absl::StatusOr<ReplayResult> Replay(const ReplaySpace& space, const ReplayOptions& options) {
  XgbCostModel model;
  TaskModel task(&space.space(), space.facts(), space.recorded().target, space.workload(), &model);
  for (const OtherTask& other : options.others) task.AddOtherTask(other);

  SearchInput input;
  input.space = &space.space();
  input.facts = space.facts();
  input.target = space.recorded().target;
  input.score = [&task](std::span<const uint64_t> indices) { return task.Score(indices); };
  input.rng = base::Rng(options.seed);
  const bool learns = options.strategy == "xgb";
  std::unique_ptr<SearchStrategy> strategy;
  if (learns) {
    strategy = std::make_unique<XgbStrategy>(std::move(input), options.xgb);
  } else {
    TUNEFARM_ASSIGN_OR_RETURN(strategy, MakeStrategy(options.strategy, std::move(input)));
  }

  ReplayResult result;
  double best_ns = 0;
  std::deque<std::vector<Proposal>> in_flight;
  size_t num_proposed = 0;
  while (result.best_share.size() < options.max_trials) {
    if (learns) TUNEFARM_RETURN_IF_ERROR(task.RefitIfDue().status());
    const size_t wanted = std::min(options.batch, options.max_trials - num_proposed);
    in_flight.push_back(strategy->Propose(wanted));
    num_proposed += in_flight.back().size();
    const bool last = in_flight.back().size() < wanted || num_proposed == options.max_trials;
    while (!in_flight.empty() && (last || in_flight.size() > options.lag)) {
      for (const Proposal& proposal : in_flight.front()) {
        const RecordedSpace::Row& row = space.Row(proposal.config_index);
        const bool ok = row.outcome == "ok";
        strategy->Observe(proposal.config_index, ok, row.cost_ns);
        if (learns) task.Observe(proposal.config_index, ok, row.cost_ns);
        if (ok && (best_ns == 0 || row.cost_ns < best_ns)) best_ns = row.cost_ns;
        result.best_share.push_back(best_ns == 0 ? 0 : space.best_ns() / best_ns);
        result.origins.push_back(proposal.how);
      }
      in_flight.pop_front();
    }
    const double reached = result.best_share.empty() ? 0 : result.best_share.back();
    if (last || reached >= options.stop_share) break;
  }
  return result;
}

}  // namespace tunefarm::tuner
