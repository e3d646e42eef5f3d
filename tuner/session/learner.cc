#include "tuner/session/learner.h"

#include <span>

#include "base/status.h"
#include "spdlog/spdlog.h"

namespace tunefarm::tuner {

Learner::Learner(const TaskSetup& setup)
    : task_model_(&setup.space(), setup.facts(), setup.target, setup.workload, &cost_model_) {}

absl::StatusOr<std::unique_ptr<Learner>> Learner::Create(const std::string& strategy, uint64_t seed,
                                                         const TaskSetup& setup,
                                                         const Transfer& transfer) {
  std::unique_ptr<Learner> learner(new Learner(setup));
  learner->learns_ = strategy == "xgb";
  SearchInput input;
  input.space = &setup.space();
  input.facts = setup.facts();
  input.target = setup.target;
  input.rng = base::Rng(seed);
  input.seeds = transfer.seeds;
  if (learner->learns_) {
    for (const OtherTask& other : transfer.others) learner->task_model_.AddOtherTask(other);
    input.score = [model = &learner->task_model_](std::span<const uint64_t> indices) {
      return model->Score(indices);
    };
  }
  TUNEFARM_ASSIGN_OR_RETURN(learner->strategy_, MakeStrategy(strategy, std::move(input)));
  return learner;
}

void Learner::Observe(uint64_t config_index, bool ok, double cost_ns) {
  strategy_->Observe(config_index, ok, cost_ns);
  Teach(config_index, ok, cost_ns);
}

// The strategy keeps what it was told: it proposes a config once, and needs no better figure of it.
void Learner::Correct(uint64_t config_index, bool ok, double cost_ns) {
  Teach(config_index, ok, cost_ns);
}

void Learner::Teach(uint64_t config_index, bool ok, double cost_ns) {
  if (!learns_) return;
  task_model_.Observe(config_index, ok, cost_ns);
  if (fit_is_due_.exchange(true)) return;
  fitting_.Post([this] {
    fit_is_due_ = false;
    const absl::StatusOr<bool> fitted = task_model_.RefitIfDue();
    if (!fitted.ok()) spdlog::warn("cost model: {}", base::OneLine(fitted.status()));
  });
}

}  // namespace tunefarm::tuner
