#include "tuner/session/summary.h"

#include <string>

namespace tunefarm::tuner {

SessionSummary Summarize(const Scoreboard& board, const TaskSetup& setup, const FinalResult* final,
                         double peak_flops) {
  SessionSummary summary;
  summary.trials = board.num_trials();
  summary.outcomes = board.outcomes();
  summary.bound_gflops = peak_flops * 1e-9;
  const std::string default_config = setup.space().Print(setup.default_config);
  const RankedTrial* best = board.best_in_log();
  const RankedTrial* untuned = board.Find(default_config);
  if (final != nullptr) {
    if (final->peak_flops > 0) summary.bound_gflops = final->peak_flops * 1e-9;
    if (final->winner) best = &final->finalists[*final->winner];
    for (const RankedTrial& finalist : final->finalists) {
      if (finalist.config == default_config) untuned = &finalist;
    }
  }
  if (untuned != nullptr) {
    summary.default_cost = untuned->median_ns / untuned->ns_per_cost_unit;
  }
  if (best == nullptr) return summary;
  summary.has_best = true;
  summary.best = ToSchedule(*best, setup);
  return summary;
}

}  // namespace tunefarm::tuner
