// The daemon's tasks: taken in, run by sessions, watched, cancelled, and continued after a restart.
// All that must survive stands in the tuning log; this holds what is going on.
//
// Stands between the gRPC service and RunSession; relies on the log alone. How a session is run is
// a function, so that tests need no farm.
#ifndef TUNEFARM_TUNER_SERVICE_TASK_RUNNER_H_
#define TUNEFARM_TUNER_SERVICE_TASK_RUNNER_H_

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "base/mutex.h"
#include "db/tuning_log.h"
#include "tuner/service/event_history.h"
#include "tuner/service/task_queue.h"
#include "tuner/session/session.h"

namespace tunefarm::tuner {

// RunSession with a measurer of its own. Called from several threads.
using SessionFunction = std::function<absl::StatusOr<SessionSummary>(
    const SessionSpec& spec, const std::atomic<bool>& stop, const EventSink& sink)>;

// Thread-safe.
class TaskRunner {
 public:
  // `log` outlives this. At most `max_sessions` run side by side, each on another target.
  TaskRunner(db::TuningLog* log, SessionFunction run_session, size_t max_sessions);
  ~TaskRunner();  // Drains.

  // Takes up the tasks that the log holds as open, oldest first, and begins to run. Errors: those
  // of the log.
  absl::Status Start() ABSL_LOCKS_EXCLUDED(mutex_);

  // Logs the task and queues it; returns its number. Errors: kInvalidArgument (workload, target,
  // strategy, budget), kUnavailable (draining), those of the log.
  absl::StatusOr<int64_t> Submit(const SessionSpec& spec) ABSL_LOCKS_EXCLUDED(mutex_);

  // Ends a task; it keeps its results. Returns at once, a running task's end is an event. Errors:
  // kNotFound, kFailedPrecondition (it has ended).
  absl::Status Cancel(int64_t task_id) ABSL_LOCKS_EXCLUDED(mutex_);

  // The events of a task, of an ended one as the log has them. Errors: kNotFound.
  absl::StatusOr<std::shared_ptr<const EventHistory>> Watch(int64_t task_id)
      ABSL_LOCKS_EXCLUDED(mutex_);

  // The newest tasks of the log, newest first.
  absl::StatusOr<std::vector<db::TaskRecord>> List(uint64_t limit) const;

  // Takes nothing more in, lets running trials finish and leaves every open task queued in the log.
  // Returns when no session runs. A second call does nothing.
  void Drain() ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  // A task that has not ended.
  struct OpenTask {
    SessionSpec spec;
    std::shared_ptr<EventHistory> history;
    std::atomic<bool> stop{false};
    std::atomic<bool> cancelled{false};
  };

  void RunTasks() ABSL_LOCKS_EXCLUDED(mutex_);
  // Waits for a task to run; null: draining.
  std::shared_ptr<OpenTask> TakeTask() ABSL_LOCKS_EXCLUDED(mutex_);
  void RunTask(OpenTask& task) ABSL_LOCKS_EXCLUDED(mutex_);
  // Writes how a session ended into the log and the history.
  void CloseTask(OpenTask& task, absl::StatusOr<SessionSummary> summary)
      ABSL_LOCKS_EXCLUDED(mutex_);
  absl::Status AddOpenTask(const db::TaskRecord& record) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  db::TuningLog* const log_;
  const SessionFunction run_session_;
  const size_t max_sessions_;

  base::Mutex mutex_;
  base::CondVar changed_;  // The queue, or draining_.
  TaskQueue queue_ ABSL_GUARDED_BY(mutex_);
  std::map<int64_t, std::shared_ptr<OpenTask>> open_ ABSL_GUARDED_BY(mutex_);
  bool draining_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tunefarm::tuner

#endif  // TUNEFARM_TUNER_SERVICE_TASK_RUNNER_H_
