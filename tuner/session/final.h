// The interleaved final: the best trials are measured again, A B C A B C ..., on one device with
// nothing else going on; the smallest median of all these samples wins, here and in the log.
#ifndef TUNEFARM_TUNER_SESSION_FINAL_H_
#define TUNEFARM_TUNER_SESSION_FINAL_H_

#include <atomic>
#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "tuner/measure/measurer.h"
#include "tuner/session/candidate.h"
#include "tuner/session/scoreboard.h"
#include "tuner/session/task_log.h"
#include "tuner/session/task_setup.h"

namespace tunefarm::tuner {

struct FinalOptions {
  uint32_t min_rounds = 3;  // Then it ends where IsPlain(). At least 1.
  uint32_t num_rounds = 5;  // At most.
  uint32_t samples_per_round = 3;
  absl::Duration min_sample = absl::Milliseconds(3);
};

struct FinalResult {
  uint32_t num_rounds = 0;  // That were completed.
  // As given, with the figures of the final instead of the search's where there are any.
  std::vector<RankedTrial> finalists;
  std::optional<size_t> winner;  // Among them; none: the final has timed nobody.
  // The device's multiply-add peak, measured in turn with the finalists: median over the rounds,
  // FLOP/s; 0: not known.
  double peak_flops = 0;
};

// Who takes part: the fastest few, and the untuned default where it is not hopelessly slow, so that
// the speed-up is told of the same minute. Empty: no trial was ok.
std::vector<RankedTrial> ChooseFinalists(const Scoreboard& board, const TaskSetup& setup);

// Whether more rounds are not worth their time: every rival was behind the leader in every round,
// or so close to it in every round that it does not matter who wins. `rounds`: the finalists' costs
// in each, [round][finalist], > 0; infinite where one failed. At least one round.
bool IsPlain(const std::vector<std::vector<double>>& rounds);

// Every sample is logged with its trial. `stop`, and a tracker that goes away, end it early: the
// rounds so far count. Requires at least one finalist. Errors: those of the log.
absl::StatusOr<FinalResult> HoldFinal(const std::vector<RankedTrial>& finalists,
                                      const TaskSetup& setup, const FinalOptions& options,
                                      const std::atomic<bool>& stop, Measurer& measurer,
                                      TaskLog& log);

}  // namespace tunefarm::tuner

#endif  // TUNEFARM_TUNER_SESSION_FINAL_H_
