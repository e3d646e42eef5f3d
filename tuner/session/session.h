// The tuning of one task from first proposal to crowned winner: propose -> build -> measure -> log
// -> fit, all overlapping. `tuner tune` runs one session in the foreground, `tuner serve` several
// one after another or side by side.
#ifndef TUNEFARM_TUNER_SESSION_SESSION_H_
#define TUNEFARM_TUNER_SESSION_SESSION_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "base/clock.h"
#include "db/tuning_log.h"
#include "tuner/measure/measurer.h"
#include "tuner/session/drift_monitor.h"
#include "tuner/session/event.h"
#include "tuner/session/objective.h"

namespace tunefarm::tuner {

struct SessionSpec {
  std::string workload;          // Canonical key.
  std::string target;            // Canonical target text (compiler::Print(Target)).
  std::string strategy = "xgb";  // xgb | random | grid
  // Trials that reached a device or failed to build; device_lost ones do not count.
  uint32_t max_trials = 64;
  double max_seconds = 0;  // 0: no limit.
  // What is made small on an emulated board that counts instructions; elsewhere it is time.
  Objective objective = Objective::kInstructions;
  uint64_t seed = 1;
  std::string owner;  // user@host, for people.
  // 0: the session creates its task; else it continues that task from the log.
  int64_t task_id = 0;
  DriftOptions drift;
  const base::Clock* clock = &base::RealClock();  // Of max_seconds and of all durations told.
  // Stopped, the task stays open, to be continued later: a daemon that drains. Else it is closed as
  // cancelled.
  bool leave_open_when_stopped = false;
};

// Called from the session's thread, in order. Must not block for long.
using EventSink = std::function<void(const TuningEvent&)>;

// Runs until the budget is spent, nothing better is expected, or *stop becomes true (Ctrl-C,
// cancel, drain); then what has been measured is kept, the best is crowned and the task is closed
// accordingly (done | cancelled). `measurer` is the session's alone: nothing is outstanding in it
// before or after.
// Errors: kInvalidArgument (workload, target, strategy), kUnavailable (the tracker is gone and does
// not come back, or devices keep getting lost), kResourceExhausted (the log cannot be written),
// other errors of the log. A session that ends with an error has logged all finished trials, closed
// its task as failed and told a kFailed event.
absl::StatusOr<SessionSummary> RunSession(const SessionSpec& spec, Measurer& measurer,
                                          db::TuningLog& log, const std::atomic<bool>& stop,
                                          const EventSink& sink);

}  // namespace tunefarm::tuner

#endif  // TUNEFARM_TUNER_SESSION_SESSION_H_
