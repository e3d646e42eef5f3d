// Where the time of a trial goes on an emulated board: each part of its way done by itself, one
// after the other, by the very functions that a session, a builder and an agent use. In a session
// they overlap.
#ifndef TUNEFARM_TESTS_BENCH_MCU_TRIAL_PARTS_H_
#define TUNEFARM_TESTS_BENCH_MCU_TRIAL_PARTS_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace tunefarm {

struct TrialPartsOptions {
  std::string bin_dir;  // Of tuner-emulated-board; the boards' folder is beside it.
  std::string board = "mps2-an500";
  std::string target = "cortex-m7";
  std::string workload;
  std::string log_path;  // Of a log that is made for this.
  int num_trials = 64;
  int batch = 16;
  uint64_t seed = 1;
};

// Sums over all trials.
struct TrialParts {
  int num_trials = 0;      // Those that ended well.
  absl::Duration propose;  // The strategy's proposals; telling it the results. The fit is beside.
  absl::Duration build;    // Schedule, lowering, LLVM.
  absl::Duration link;     // LLD.
  absl::Duration load;     // Images, tables and, once, what the board draws itself.
  absl::Duration queue;    // On the board: draw, pack, verify, timed runs, check.
  absl::Duration run;      // Of it the timed runs, by difference: on a busy machine a rough figure.
  absl::Duration read;     // Samples and judgement.
  absl::Duration log;      // Until it is committed.
};

absl::StatusOr<TrialParts> MeasureTrialParts(const TrialPartsOptions& options);

}  // namespace tunefarm

#endif  // TUNEFARM_TESTS_BENCH_MCU_TRIAL_PARTS_H_
