// Tunes a layer the way a user does (the `tuner tune` command, every process real) and loads the
// winner.
#ifndef TUNEFARM_TESTS_BENCH_LAYERS_TUNED_LAYER_H_
#define TUNEFARM_TESTS_BENCH_LAYERS_TUNED_LAYER_H_

#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "compiler/op/workload.h"
#include "compiler/target/target.h"

namespace tunefarm::bench {

struct TuningResult {
  std::string config;
  int trials = 0;
  double seconds = 0;  // Of the session, without process start.
  // The first 16 trials that were ok, fastest first, and when the last of them was done.
  std::vector<std::string> early_configs;
  double early_seconds = 0;
};

// Runs `tuner tune KEY --json` of this build against `db`. Errors: what the command said.
absl::StatusOr<TuningResult> TuneLayer(const std::string& key, int trials, const std::string& db);

// Compiles a config and returns a closure that runs it once on test data, on the calling thread.
absl::StatusOr<std::function<void()>> LoadConfig(const compiler::Workload& workload,
                                                 const compiler::Target& target,
                                                 const std::string& config);

// The same for the multiply-add peak; `flops` receives the work of one run.
absl::StatusOr<std::function<void()>> LoadPeak(const compiler::Target& target, double* flops);

}  // namespace tunefarm::bench

#endif  // TUNEFARM_TESTS_BENCH_LAYERS_TUNED_LAYER_H_
