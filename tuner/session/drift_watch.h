// Keeps a session's devices under watch: has the reference kernel timed when DriftMonitor wants it,
// logs the timings, and has the trials measured again that lie in a drift.
#ifndef TUNEFARM_TUNER_SESSION_DRIFT_WATCH_H_
#define TUNEFARM_TUNER_SESSION_DRIFT_WATCH_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/clock.h"
#include "tuner/measure/measurer.h"
#include "tuner/session/candidate.h"
#include "tuner/session/drift_monitor.h"
#include "tuner/session/task_log.h"
#include "tuner/session/task_setup.h"

namespace tunefarm::tuner {

// What a report that was the watch's own brought.
struct DriftNews {
  std::string text;  // One line for people; empty: nothing to tell.
  // A trial that was measured again: what counts instead of it from now on. Logged already.
  struct Correction {
    int64_t old_trial_id = 0;
    int64_t trial_id = 0;
    SessionCandidate candidate;
    MeasureReport report;
  };
  std::optional<Correction> correction;
};

class DriftWatch {
 public:
  // All must outlive this.
  DriftWatch(const DriftOptions& options, const base::Clock* clock, const TaskSetup* setup,
             Measurer* measurer, TaskLog* log);

  // A logged trial that was not measured again, device_lost ones excepted.
  void NoteTrial(const SessionCandidate& candidate, const MeasureReport& report, int64_t trial_id);

  // Submits the reference kernels that are due and the trials to be measured again.
  absl::Status SubmitDue();

  // Whether a ticket is the watch's; the report is then Take's.
  static bool Owns(uint64_t ticket);
  absl::StatusOr<DriftNews> Take(const MeasureReport& report);

  // The devices on which no new trials should begin; and whether none should begin at all.
  std::vector<std::string> paused_devices() const { return monitor_.Paused(clock_->SteadyNow()); }
  bool all_paused() const { return monitor_.AllPaused(clock_->SteadyNow()); }
  // True while trials are to be measured again, or may turn out to be.
  bool busy() const {
    return !paused_devices().empty() || !suspects_.empty() || !remeasuring_.empty();
  }

 private:
  struct Suspect {
    int64_t trial_id = 0;
    SessionCandidate candidate;
    std::string device;
  };

  absl::Status SubmitReferences();
  absl::Status SubmitSuspects();
  absl::StatusOr<DriftNews> TakeReference(const std::string& device, const MeasureReport& report);
  absl::StatusOr<DriftNews> TakeRemeasured(Suspect suspect, const MeasureReport& report);

  const base::Clock* const clock_;
  const TaskSetup* const setup_;
  Measurer* const measurer_;
  TaskLog* const log_;
  DriftMonitor monitor_;

  uint64_t last_ticket_;
  std::map<int64_t, Suspect> noted_;            // Trials that may become suspects, by number.
  std::map<std::string, int64_t> noted_code_;   // The latest of them, by its code's hash.
  std::vector<Suspect> suspects_;               // To be submitted.
  std::map<uint64_t, std::string> references_;  // Devices, by ticket.
  std::map<uint64_t, Suspect> remeasuring_;     // By ticket.
};

}  // namespace tunefarm::tuner

#endif  // TUNEFARM_TUNER_SESSION_DRIFT_WATCH_H_
