#include "tuner/session/candidate.h"

#include <algorithm>
#include <tuple>

namespace tunefarm::tuner {

MeasureRequest ToRequest(const SessionCandidate& candidate, uint64_t ticket,
                         const TaskSetup& setup) {
  MeasureRequest request;
  request.ticket = ticket;
  request.workload = setup.workload_key;
  request.target = setup.target_text;
  request.config = candidate.config;
  return request;
}

RankedTrial ToRanked(const SessionCandidate& candidate, const MeasureReport& report,
                     int64_t trial_id) {
  RankedTrial ranked;
  ranked.trial_id = trial_id;
  ranked.config = candidate.config;
  ranked.text_hash = report.text_hash;
  ranked.device = report.device;
  ranked.emulated = report.emulated;
  if (!report.samples_ns.empty()) {
    ranked.min_ns = *std::min_element(report.samples_ns.begin(), report.samples_ns.end());
  }
  ranked.median_ns = report.median_ns;
  ranked.mad_ns = report.mad_ns;
  ranked.num_samples = static_cast<uint32_t>(report.samples_ns.size());
  ranked.cost_unit = report.cost_unit;
  ranked.ns_per_cost_unit = report.ns_per_cost_unit;
  return ranked;
}

RankedTrial ToRanked(const db::TrialRecord& trial) {
  RankedTrial ranked;
  ranked.trial_id = trial.id;
  ranked.config = trial.config;
  if (trial.kernel) ranked.text_hash = trial.kernel->text_hash;
  ranked.device = trial.device;
  ranked.emulated = trial.emulated;
  ranked.min_ns = trial.search_cost.min_ns;
  ranked.median_ns = trial.search_cost.median_ns;
  ranked.mad_ns = trial.search_cost.mad_ns;
  ranked.num_samples = static_cast<uint32_t>(trial.search_cost.num_samples);
  ranked.cost_unit = FromRecord(trial.cost_unit);
  ranked.ns_per_cost_unit = trial.ns_per_cost_unit;
  return ranked;
}

bool LeadsInLog(const RankedTrial& a, const RankedTrial& b) {
  return std::tie(a.emulated, a.median_ns, a.trial_id) <
         std::tie(b.emulated, b.median_ns, b.trial_id);
}

CostUnit FromRecord(db::CostUnit unit) { return static_cast<CostUnit>(unit); }
db::CostUnit ToRecord(CostUnit unit) { return static_cast<db::CostUnit>(unit); }
static_assert(static_cast<int>(db::CostUnit::kEstimatedCycles) ==
              static_cast<int>(CostUnit::kEstimatedCycles));

bool AnyOnHardware(const std::vector<db::TrialRecord>& trials) {
  return std::any_of(trials.begin(), trials.end(), [](const db::TrialRecord& trial) {
    return trial.outcome == db::Outcome::kOk && !trial.emulated;
  });
}

BestSchedule ToSchedule(const RankedTrial& trial, const TaskSetup& setup) {
  BestSchedule best;
  best.workload = setup.workload_key;
  best.target = setup.target_text;
  best.config = trial.config;
  best.cost_median = trial.median_ns / trial.ns_per_cost_unit;
  best.cost_unit = Name(trial.cost_unit);
  best.mad = trial.mad_ns / trial.ns_per_cost_unit;
  best.samples = trial.num_samples;
  best.gflops = setup.GigaflopsAt(trial.median_ns);
  best.trial_id = trial.trial_id;
  best.device = trial.device;
  best.emulated = trial.emulated;
  best.how = "exact";
  return best;
}

}  // namespace tunefarm::tuner
