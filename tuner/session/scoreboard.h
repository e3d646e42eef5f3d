// How a session stands: what has been tried, what came of it, who leads. Pure; events and the
// summary are made from it.
#ifndef TUNEFARM_TUNER_SESSION_SCOREBOARD_H_
#define TUNEFARM_TUNER_SESSION_SCOREBOARD_H_

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tuner/measure/measurer.h"
#include "tuner/session/candidate.h"

namespace tunefarm::tuner {

class Scoreboard {
 public:
  Scoreboard() = default;
  Scoreboard(const Scoreboard&) = delete;
  Scoreboard& operator=(const Scoreboard&) = delete;

  // A trial that has been logged. Lost devices are counted among the outcomes, not as trials.
  // `ranked` is meaningful if the outcome is ok.
  void Add(Outcome outcome, const RankedTrial& ranked, bool cut);
  // A trial with outcome ok was measured again: what came of it counts in its place.
  void Replace(int64_t old_trial_id, Outcome outcome, const RankedTrial& ranked, bool cut);
  // Time on a device that a trial of this run took.
  void AddDeviceTime(const std::string& device, uint64_t run_ns);

  uint32_t num_trials() const { return num_trials_; }
  const std::map<std::string, uint32_t>& outcomes() const { return outcomes_; }

  // The fastest by its fastest sample, which ranks during the search; null while none is ok.
  const RankedTrial* best() const;
  // The one that the log names best without a final: by its median; null while none is ok.
  const RankedTrial* best_in_log() const;
  // The trial of a config; null if it has none that is ok.
  const RankedTrial* Find(const std::string& config) const;
  // The fastest `count` on the best one's device, no two with the same code, fastest first. Those
  // whose sampling was cut are out: they were slow.
  std::vector<RankedTrial> Top(size_t count) const;

  // Share of `seconds` that the devices spent on trials of this run, in [0, 1].
  double Utilisation(double seconds) const;

 private:
  struct Entry {
    RankedTrial trial;
    bool cut = false;
  };

  uint32_t num_trials_ = 0;
  std::map<std::string, uint32_t> outcomes_;  // By name.
  // Hardware first: an emulator's timing never competes with it.
  std::multimap<std::pair<bool, double>, Entry> by_cost_;  // (emulated, min).
  // The same trials, in by_cost_.
  struct Before {
    bool operator()(const RankedTrial* a, const RankedTrial* b) const { return LeadsInLog(*a, *b); }
  };
  std::set<const RankedTrial*, Before> by_median_;
  std::set<std::string> devices_;
  uint64_t device_ns_ = 0;
};

}  // namespace tunefarm::tuner

#endif  // TUNEFARM_TUNER_SESSION_SCOREBOARD_H_
