// Following a task of the daemon: what `tune --server` and `task watch` share.
#ifndef TUNEFARM_TUNER_CLI_WATCHING_H_
#define TUNEFARM_TUNER_CLI_WATCHING_H_

#include "absl/status/statusor.h"
#include "tuner/service/tuner_client.h"

namespace tunefarm::tuner {

struct WatchOptions {
  bool json = false;       // The daemon's lines as they come; else the display of `tune`.
  double max_seconds = 0;  // The task's limit, for the display; 0: none.
  // Ctrl-C cancels the task and waits for its end; else it only ends the watching.
  bool cancel_on_interrupt = false;
};

// Shows the task's events until its last. Errors: kFailedPrecondition (the task failed: why), those
// of the client.
absl::StatusOr<SessionSummary> WatchTask(TunerClient& client, int64_t task_id,
                                         const WatchOptions& options);

}  // namespace tunefarm::tuner

#endif  // TUNEFARM_TUNER_CLI_WATCHING_H_
