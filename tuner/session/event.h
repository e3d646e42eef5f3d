// What a session tells while it runs: the lines of `tune --json`, the live display and the daemon's
// watch stream.
#ifndef TUNEFARM_TUNER_SESSION_EVENT_H_
#define TUNEFARM_TUNER_SESSION_EVENT_H_

#include <cstdint>
#include <map>
#include <string>

namespace tunefarm::tuner {

// The fields of `query best`.
struct BestSchedule {
  std::string workload, target;
  std::string config;            // Named knobs, canonical.
  double cost_median = 0;        // In cost_unit.
  std::string cost_unit = "ns";  // Of an emulated board "instructions" or "estimated cycles".
  double mad = 0;
  uint32_t samples = 0;
  double gflops = 0;  // 2 x MAC (nominal: every tap counts) / median. 0 for operators without MACs.
  int64_t trial_id = 0;  // 0: not measured.
  std::string device;
  bool emulated = false;
  std::string how;  // exact | default
};

struct SessionSummary {
  int64_t task_id = 0;
  uint32_t trials = 0;
  double seconds = 0;
  std::map<std::string, uint32_t> outcomes;  // Outcome name -> count.
  std::string
      stop_reason;  // "trials", "seconds", "converged", "exhausted", "bound", "interrupted".
  bool has_best = false;
  BestSchedule best;
  // Median of the untuned default config in the same run, in best.cost_unit; 0: not measured.
  double default_cost = 0;
  double bound_gflops = 0;        // Measured FMA peak of one core of the device.
  double device_utilisation = 0;  // Share of the session's time in which a device had work from it.
};

struct TuningEvent {
  enum class Kind { kStarted, kTrial, kWaiting, kFinal, kDone, kFailed } kind = Kind::kStarted;
  // kStarted: the task; kTrial: one ended trial.
  int64_t task_id = 0, trial_id = 0;
  std::string workload, target, strategy, space;
  uint64_t space_size = 0;  // Valid configs.
  uint32_t trial = 0, max_trials = 0;
  std::string config, outcome, how, device, error;
  double cost_ns = 0, gflops = 0;       // Of this trial; 0 unless ok.
  double best_ns = 0, best_gflops = 0;  // So far.
  double bound_gflops = 0;              // 0: not known yet.
  double seconds = 0, trials_per_second = 0;
  std::map<std::string, uint32_t> outcomes;  // So far.
  std::string text;                          // kWaiting, kFailed: one line.
  SessionSummary summary;                    // kDone.
};

// One line of JSON. Every event has "event" (started | trial | waiting | final | done | failed);
// "done" is
// {"event":"done","trials":N,"seconds":S,"outcomes":{"ok":..},"best":{...}, ...}.
std::string ToJson(const TuningEvent& event);
std::string ToJson(const BestSchedule& best);

}  // namespace tunefarm::tuner

#endif  // TUNEFARM_TUNER_SESSION_EVENT_H_
