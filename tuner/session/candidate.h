// A config on its way through a session.
#ifndef TUNEFARM_TUNER_SESSION_CANDIDATE_H_
#define TUNEFARM_TUNER_SESSION_CANDIDATE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "db/records.h"
#include "tuner/measure/measurer.h"
#include "tuner/search/search_strategy.h"
#include "tuner/session/event.h"
#include "tuner/session/task_setup.h"

namespace tunefarm::tuner {

struct SessionCandidate {
  Proposal proposal;
  std::string config;     // Named knobs, canonical.
  int first_attempt = 1;  // Of this run of the task.
  int attempt = 1;        // Grows when its device is lost.
};

// A trial that is in the log and may be crowned.
struct RankedTrial {
  int64_t trial_id = 0;
  std::string config;
  std::string text_hash;  // Empty: unknown.
  std::string device;
  bool emulated = false;
  double min_ns = 0;     // Of the search: what ranks it there.
  double median_ns = 0;  // What is told of it, and decides in a final.
  double mad_ns = 0;
  uint32_t num_samples = 0;
  CostUnit cost_unit = CostUnit::kNs;  // As in MeasureReport.
  double ns_per_cost_unit = 1;
};

// To have it built and measured, on any device and in any way: the caller narrows it.
MeasureRequest ToRequest(const SessionCandidate& candidate, uint64_t ticket,
                         const TaskSetup& setup);

// Whether `a` comes before `b` where the log names a best one: hardware before emulators, then by
// the median, then the first measured.
bool LeadsInLog(const RankedTrial& a, const RankedTrial& b);

// Of a trial by this run, and by an earlier one (its search figures).
RankedTrial ToRanked(const SessionCandidate& candidate, const MeasureReport& report,
                     int64_t trial_id);
RankedTrial ToRanked(const db::TrialRecord& trial);

// Of the log's unit and back.
CostUnit FromRecord(db::CostUnit unit);
db::CostUnit ToRecord(CostUnit unit);

// Whether any of the ok ones is not an emulator's.
bool AnyOnHardware(const std::vector<db::TrialRecord>& trials);

BestSchedule ToSchedule(const RankedTrial& trial, const TaskSetup& setup);

}  // namespace tunefarm::tuner

#endif  // TUNEFARM_TUNER_SESSION_CANDIDATE_H_
