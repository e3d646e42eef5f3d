// Replays a recorded space: a strategy proposes, the record answers at once. The same loop as a
// session's, without build, farm and log.
#ifndef TUNEFARM_TESTS_BENCH_SEARCH_REPLAY_H_
#define TUNEFARM_TESTS_BENCH_SEARCH_REPLAY_H_

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "absl/status/statusor.h"
#include "compiler/op/workload.h"
#include "compiler/space/space.h"
#include "tests/bench/search/space_file.h"
#include "tuner/model/task_model.h"
#include "tuner/search/search_strategy.h"
#include "tuner/search/xgb_strategy.h"

namespace tunefarm::tuner {

// A recorded space as search and model see it: only recorded configs are valid.
class ReplaySpace {
 public:
  // Errors: kInvalidArgument (the workload key).
  static absl::StatusOr<std::unique_ptr<ReplaySpace>> Make(RecordedSpace recorded);

  const RecordedSpace& recorded() const { return recorded_; }
  const compiler::ConfigSpace& space() const { return space_; }
  const compiler::Workload& workload() const { return workload_; }
  FactsFunction facts() const;
  // Requires a recorded index.
  const RecordedSpace::Row& Row(uint64_t index) const;
  double best_ns() const { return best_ns_; }

  // All rows as another task's experience.
  OtherTask AsOtherTask() const;

 private:
  explicit ReplaySpace(RecordedSpace recorded, compiler::Workload workload);

  const RecordedSpace recorded_;
  const compiler::Workload workload_;
  std::unordered_map<uint64_t, size_t> positions_;
  compiler::ConfigSpace space_;
  double best_ns_ = 0;
};

struct ReplayOptions {
  std::string strategy = "xgb";
  uint64_t seed = 1;
  size_t max_trials = 256;
  double stop_share = 2;  // Stop when the best so far reaches this share; above 1: never.
  size_t batch = 8;       // Asked for at once.
  size_t lag = 0;  // Batches that are still being built and measured when the next is proposed.
  XgbStrategyOptions xgb;         // Of strategy xgb.
  std::vector<OtherTask> others;  // What the model knows from other tasks.
};

struct ReplayResult {
  std::vector<double> best_share;  // After each trial: best of the space / best so far, in [0, 1].
  std::vector<ProposalOrigin> origins;  // Of each trial.

  // Trials until best_share reaches `share`; one more than were made if it never did.
  size_t TrialsTo(double share) const;
};

// Errors: those of the strategy and the model.
absl::StatusOr<ReplayResult> Replay(const ReplaySpace& space, const ReplayOptions& options);

}  // namespace tunefarm::tuner

#endif  // TUNEFARM_TESTS_BENCH_SEARCH_REPLAY_H_
