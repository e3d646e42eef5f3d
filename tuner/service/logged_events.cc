#include "tuner/service/logged_events.h"

#include <algorithm>

#include "tuner/session/candidate.h"

namespace tunefarm::tuner {
namespace {

TuningEvent StartedEvent(const db::TaskRecord& task) {
  TuningEvent event;
  event.kind = TuningEvent::Kind::kStarted;
  event.task_id = task.id;
  event.workload = task.workload;
  event.target = task.target;
  event.strategy = task.strategy;
  event.max_trials = static_cast<uint32_t>(task.max_trials);
  return event;
}

double SecondsBetween(uint64_t from_ns, uint64_t to_ns) {
  return to_ns > from_ns ? static_cast<double>(to_ns - from_ns) / 1e9 : 0;
}

// The ok trial that ranks first; where there are finalists, only they stand. Null: none is ok.
const db::TrialRecord* BestOf(const std::vector<db::TrialRecord>& trials) {
  const db::TrialRecord* best = nullptr;
  for (const db::TrialRecord& trial : trials) {
    if (trial.outcome != db::Outcome::kOk) continue;
    if (best == nullptr) {
      best = &trial;
      continue;
    }
    const bool is_finalist = trial.final_cost.num_samples > 0;
    const bool best_is_finalist = best->final_cost.num_samples > 0;
    if (is_finalist != best_is_finalist ? is_finalist : trial.cost_ns < best->cost_ns)
      best = &trial;
  }
  return best;
}

BestSchedule ToBest(const db::TrialRecord& trial) {
  const db::CostStatistics& cost =
      trial.final_cost.num_samples > 0 ? trial.final_cost : trial.search_cost;
  BestSchedule best;
  best.workload = trial.workload;
  best.target = trial.target;
  best.config = trial.config;
  best.cost_median = cost.median_ns / trial.ns_per_cost_unit;
  best.cost_unit = Name(FromRecord(trial.cost_unit));
  best.mad = cost.mad_ns / trial.ns_per_cost_unit;
  best.samples = static_cast<uint32_t>(cost.num_samples);
  best.gflops = trial.gflops;
  best.trial_id = trial.id;
  best.device = trial.device;
  best.emulated = trial.emulated;
  best.how = "exact";
  return best;
}

TuningEvent EndEvent(const db::TaskRecord& task, const std::vector<db::TrialRecord>& trials,
                     const TuningEvent& latest) {
  TuningEvent event = latest;
  event.kind = TuningEvent::Kind::kDone;
  event.seconds = SecondsBetween(task.started_at_ns, task.ended_at_ns);
  if (task.state == db::TaskState::kFailed) {
    event.kind = TuningEvent::Kind::kFailed;
    event.text = task.ended_how;
    return event;
  }
  SessionSummary& summary = event.summary;
  summary.task_id = task.id;
  summary.trials = latest.trial;
  summary.seconds = event.seconds;
  summary.outcomes = latest.outcomes;
  summary.stop_reason = task.ended_how;
  if (const db::TrialRecord* best = BestOf(trials)) {
    summary.has_best = true;
    summary.best = ToBest(*best);
  }
  for (const db::TrialRecord& trial : trials) {
    if (trial.proposed_by == db::Proposal::kDefault && trial.outcome == db::Outcome::kOk) {
      summary.default_cost = trial.cost_ns / trial.ns_per_cost_unit;
    }
  }
  return event;
}

}  // namespace

std::vector<TuningEvent> LoggedEvents(const db::TaskRecord& task,
                                      std::vector<db::TrialRecord> trials) {
  // What was measured again is told by the trial that counts in its place.
  std::erase_if(trials, [](const db::TrialRecord& trial) { return trial.superseded_by != 0; });
  std::vector<TuningEvent> events = {StartedEvent(task)};
  TuningEvent latest = events.front();
  latest.kind = TuningEvent::Kind::kTrial;
  for (const db::TrialRecord& trial : trials) {
    if (trial.outcome != db::Outcome::kDeviceLost) ++latest.trial;
    latest.trial_id = trial.id;
    latest.config = trial.config;
    latest.outcome = db::ToText(trial.outcome);
    latest.how = db::ToText(trial.proposed_by);
    latest.device = trial.device;
    latest.error = trial.error;
    latest.cost_ns = trial.search_cost.median_ns;
    latest.gflops = trial.gflops;
    ++latest.outcomes[latest.outcome];
    const bool is_best = trial.outcome == db::Outcome::kOk &&
                         (latest.best_ns == 0 || trial.cost_ns < latest.best_ns);
    if (is_best) latest.best_ns = trial.cost_ns;
    if (is_best) latest.best_gflops = trial.gflops;
    latest.seconds = SecondsBetween(task.started_at_ns, trial.created_at_ns);
    latest.trials_per_second = latest.seconds > 0 ? latest.trial / latest.seconds : 0;
    events.push_back(latest);
  }
  if (task.ended_at_ns != 0) events.push_back(EndEvent(task, trials, latest));
  return events;
}

}  // namespace tunefarm::tuner
