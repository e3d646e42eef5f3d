// What a task can learn from others in the log: their best configs as first candidates, their
// trials as rows for the ranker.
#ifndef TUNEFARM_TUNER_SESSION_TRANSFER_H_
#define TUNEFARM_TUNER_SESSION_TRANSFER_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "compiler/space/space.h"
#include "db/tuning_log.h"
#include "tuner/model/task_model.h"
#include "tuner/session/task_setup.h"

namespace tunefarm::tuner {

struct Transfer {
  std::vector<compiler::Config> seeds;  // Valid in the task's space; of the nearest task first.
  std::vector<OtherTask> others;        // Nearest first.
};

// Looks at tasks of the same template; trials of `own_task_id` and of emulators are left out, and
// so is what no longer fits the present template.
absl::StatusOr<Transfer> FindTransfer(const TaskSetup& setup, int64_t own_task_id,
                                      const db::TuningLog& log);

}  // namespace tunefarm::tuner

#endif  // TUNEFARM_TUNER_SESSION_TRANSFER_H_
