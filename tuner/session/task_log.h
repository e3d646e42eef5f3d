// A session's part of the tuning log: its task, its trials, and what it finds there when it
// continues. Translates the tuner's words into the log's records.
#ifndef TUNEFARM_TUNER_SESSION_TASK_LOG_H_
#define TUNEFARM_TUNER_SESSION_TASK_LOG_H_

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "db/records.h"
#include "db/tuning_log.h"
#include "tuner/measure/measurer.h"
#include "tuner/session/candidate.h"
#include "tuner/session/session.h"
#include "tuner/session/task_setup.h"

namespace tunefarm::tuner {

class TaskLog {
 public:
  // Creates the task (spec.task_id 0) or takes up an open one, and marks it as running. `log` must
  // outlive this. Errors: those of the log; kInvalidArgument (the task is of another workload or
  // target), kFailedPrecondition (it has ended).
  static absl::StatusOr<TaskLog> Open(const SessionSpec& spec, const TaskSetup& setup,
                                      db::TuningLog* log);

  int64_t task_id() const { return task_id_; }

  // Trials that the task already has, in their order, device_lost ones included.
  absl::StatusOr<std::vector<db::TrialRecord>> LoggedTrials() const;

  // Returns the trial's number. The device of the report is described by `measurer` when it is met
  // for the first time.
  // `supersedes`: the trial that this one measures again and counts instead of; 0: none.
  absl::StatusOr<int64_t> Append(const SessionCandidate& candidate, uint64_t config_index,
                                 const MeasureReport& report, Measurer& measurer,
                                 int64_t supersedes = 0);
  // A timing of the reference kernel, with outcome ok.
  absl::Status AppendReference(const TaskSetup& setup, const MeasureReport& report, double drift,
                               db::ReferenceVerdict verdict);
  // The first final round that none of these trials has: 1, unless a final was broken off before.
  absl::StatusOr<uint32_t> NextFinalRound(const std::vector<int64_t>& trial_ids) const;
  // What the final rounds of a trial came to, all together; 0 samples: it has none.
  absl::StatusOr<db::CostStatistics> FinalCost(int64_t trial_id) const;
  // `round` from 1. A report that is not ok is left out.
  absl::Status AppendFinal(int64_t trial_id, uint32_t round, const MeasureReport& report);

  // Ends the task; all trials are committed when this returns ok.
  absl::Status Close(db::TaskState state, const std::string& how);

 private:
  TaskLog(db::TuningLog* log, int64_t task_id) : log_(log), task_id_(task_id) {}

  db::TuningLog* log_;
  int64_t task_id_;
  std::set<std::string> described_devices_;
};

// Logs a new, queued task and what it refers to; returns its number. Errors: those of the log.
absl::StatusOr<int64_t> CreateTask(const SessionSpec& spec, const TaskSetup& setup,
                                   db::TuningLog* log);

db::Outcome ToRecord(Outcome outcome);
Outcome FromRecord(db::Outcome outcome);
db::Proposal ToRecord(ProposalOrigin origin);

}  // namespace tunefarm::tuner

#endif  // TUNEFARM_TUNER_SESSION_TASK_LOG_H_
