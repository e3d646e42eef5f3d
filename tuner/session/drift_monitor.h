// Whether a device is still the one that it was: the same kernel, timed every so many trials, must
// take as long as before. Pure: timings and time come in; drift_watch.h does the measuring.
//
//   trials ... reference: steady         the trials since the last one are sound
//   trials ... reference: drifted        no new work for it, wait, time it again, wait longer, ...
//              reference: settled        it came back, or stays where it is: a new level. The
//              trials
//                                        since the last steady one may lie on either side
#ifndef TUNEFARM_TUNER_SESSION_DRIFT_MONITOR_H_
#define TUNEFARM_TUNER_SESSION_DRIFT_MONITOR_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"

namespace tunefarm::tuner {

struct DriftOptions {
  uint32_t trials_between = 16;  // Of one device, from one reference timing to the next.
  double limit = 0.03;           // A reference timing that is off by a larger share has drifted.
  int num_waits = 3;             // For a device to come back; then its new level is taken.
  absl::Duration first_wait = absl::Milliseconds(500);  // Each further one is twice as long.
  // A reference timing that does not arrive for so long (its device is gone) holds nobody up, and a
  // device that was not heard of for so long is not counted on.
  absl::Duration patience = absl::Seconds(30);
};

enum class DriftVerdict { kFirst, kSteady, kDrifted, kSettled };

struct DriftJudgement {
  DriftVerdict verdict = DriftVerdict::kFirst;
  double drift = 0;  // timing / level - 1.
  // kSettled: the trials to measure again, in their order. Else empty.
  std::vector<int64_t> suspects;
};

// A level is the median of its first three timings: later ones do not move it, so that a slow drift
// adds up until it is seen. A device known to be noisier than the limit is held to three times its
// own deviation instead, at most kMostNoise: what lies within it tells nothing.
class DriftMonitor {
 public:
  static constexpr double kMostNoise = 0.10;

  explicit DriftMonitor(const DriftOptions& options) : options_(options) {}

  // A trial on this device has ended. `suspect`: whether it may be asked to be measured again; one
  // that was measured again already may not, so that a restless device costs at most double.
  void OnTrial(const std::string& device, absl::Duration now, int64_t trial_id, bool suspect);

  // The devices whose reference kernel is to be timed now. A device is named again only after its
  // timing has arrived or is lost.
  std::vector<std::string> TakeDue(absl::Duration now);

  // `timing_ns` is above 0.
  DriftJudgement OnReference(const std::string& device, absl::Duration now, double timing_ns);
  void OnReferenceLost(const std::string& device);

  // The devices that are waited for: no new trials should begin on them. By name.
  std::vector<std::string> Paused(absl::Duration now) const;
  // True while no device but these can be counted on: no new trials should begin at all.
  bool AllPaused(absl::Duration now) const;

 private:
  struct Device {
    std::vector<double> level_ns;   // Timings that agree with each other.
    std::vector<int64_t> suspects;  // Since the last steady timing.
    uint32_t num_trials = 0;        // Since the last timing.
    int num_waits = 0;              // Above 0: it has drifted and is waited for.
    absl::Duration due_at;          // Of the next timing, while it is waited for.
    absl::Duration heard_at;        // Of its last trial or timing.
    std::optional<absl::Duration> asked_at;
  };

  bool IsPaused(const Device& device, absl::Duration now) const;
  double LimitOf(const Device& device) const;
  static double Level(const Device& device);

  const DriftOptions options_;
  std::map<std::string, Device> devices_;
};

}  // namespace tunefarm::tuner

#endif  // TUNEFARM_TUNER_SESSION_DRIFT_MONITOR_H_
