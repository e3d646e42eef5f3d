#include "tuner/service/task_runner.h"

#include <utility>

#include "absl/strings/str_format.h"
#include "base/status.h"
#include "spdlog/spdlog.h"
#include "tuner/service/logged_events.h"
#include "tuner/service/task_records.h"
#include "tuner/session/task_log.h"

namespace tunefarm::tuner {
namespace {

constexpr char kInterrupted[] = "interrupted";  // SessionSummary::stop_reason

bool IsLast(const TuningEvent& event) {
  return event.kind == TuningEvent::Kind::kDone || event.kind == TuningEvent::Kind::kFailed;
}

// How a task ends, in the log and for its watchers.
struct End {
  db::TaskState state = db::TaskState::kDone;
  std::string how;
  TuningEvent event;
};

End EndOf(bool cancelled, const absl::StatusOr<SessionSummary>& summary) {
  End end;
  end.state = cancelled      ? db::TaskState::kCancelled
              : summary.ok() ? db::TaskState::kDone
                             : db::TaskState::kFailed;
  if (summary.ok()) {
    end.how = summary->stop_reason;
    end.event.kind = TuningEvent::Kind::kDone;
    end.event.summary = *summary;
  } else {
    end.how = base::OneLine(summary.status());
    end.event.kind = TuningEvent::Kind::kFailed;
    end.event.text = std::string(summary.status().message());
  }
  return end;
}

// A history that holds what the log knows of the task.
absl::StatusOr<std::shared_ptr<EventHistory>> HistoryOf(const db::TuningLog& log,
                                                        const db::TaskRecord& task) {
  TUNEFARM_ASSIGN_OR_RETURN(const std::vector<db::TrialRecord> trials, log.TrialsOfTask(task.id));
  const std::vector<TuningEvent> events = LoggedEvents(task, trials);
  auto history = std::make_shared<EventHistory>();
  for (const TuningEvent& event : events) history->Append(ToJson(event), IsLast(event));
  return history;
}

}  // namespace

TaskRunner::TaskRunner(db::TuningLog* log, SessionFunction run_session, size_t max_sessions)
    : log_(log), run_session_(std::move(run_session)), max_sessions_(max_sessions) {}

TaskRunner::~TaskRunner() { Drain(); }

absl::Status TaskRunner::Start() {
  TUNEFARM_ASSIGN_OR_RETURN(const std::vector<db::TaskRecord> tasks, log_->OpenTasks());
  base::MutexLock lock(&mutex_);
  for (const db::TaskRecord& task : tasks) TUNEFARM_RETURN_IF_ERROR(AddOpenTask(task));
  if (!tasks.empty()) spdlog::info("continuing {} open tasks", tasks.size());
  for (size_t i = 0; i < max_sessions_; ++i) threads_.emplace_back([this] { RunTasks(); });
  return absl::OkStatus();
}

absl::Status TaskRunner::AddOpenTask(const db::TaskRecord& record) {
  auto task = std::make_shared<OpenTask>();
  task->spec = ToSessionSpec(record);
  task->history = std::make_shared<EventHistory>();
  if (record.num_trials > 0) {
    TUNEFARM_ASSIGN_OR_RETURN(task->history, HistoryOf(*log_, record));
  }
  open_[record.id] = std::move(task);
  queue_.Add(record.id, record.target);
  changed_.NotifyAll();
  return absl::OkStatus();
}

absl::StatusOr<int64_t> TaskRunner::Submit(const SessionSpec& spec) {
  TUNEFARM_ASSIGN_OR_RETURN(const TaskSetup setup, SetUpTask(spec.workload, spec.target));
  base::MutexLock lock(&mutex_);
  if (draining_)
    return absl::UnavailableError("the daemon is shutting down and takes no more tasks");
  TUNEFARM_ASSIGN_OR_RETURN(const int64_t task_id, CreateTask(spec, setup, log_));
  TUNEFARM_ASSIGN_OR_RETURN(const db::TaskRecord record, log_->GetTask(task_id));
  TUNEFARM_RETURN_IF_ERROR(AddOpenTask(record));
  spdlog::info("task {}: {} for {}", task_id, record.workload, record.owner);
  return task_id;
}

absl::Status TaskRunner::Cancel(int64_t task_id) {
  std::shared_ptr<OpenTask> task;
  bool was_waiting = false;
  {
    base::MutexLock lock(&mutex_);
    const auto it = open_.find(task_id);
    if (it == open_.end()) {
      TUNEFARM_ASSIGN_OR_RETURN(const db::TaskRecord record, log_->GetTask(task_id));
      return absl::FailedPreconditionError(
          absl::StrFormat("task %d has ended: %s", task_id, db::ToText(record.state)));
    }
    task = it->second;
    task->cancelled = true;
    task->stop = true;
    was_waiting = queue_.Remove(task_id);
  }
  if (!was_waiting) return absl::OkStatus();  // The thread that runs it closes it.
  SessionSummary nothing;
  nothing.task_id = task_id;
  CloseTask(*task, nothing);
  return absl::OkStatus();
}

absl::StatusOr<std::shared_ptr<const EventHistory>> TaskRunner::Watch(int64_t task_id) {
  {
    base::MutexLock lock(&mutex_);
    const auto it = open_.find(task_id);
    if (it != open_.end()) return it->second->history;
  }
  TUNEFARM_ASSIGN_OR_RETURN(const db::TaskRecord record, log_->GetTask(task_id));
  return HistoryOf(*log_, record);
}

absl::StatusOr<std::vector<db::TaskRecord>> TaskRunner::List(uint64_t limit) const {
  return log_->LatestTasks(limit);
}

void TaskRunner::Drain() {
  std::vector<std::thread> threads;
  {
    base::MutexLock lock(&mutex_);
    draining_ = true;
    changed_.NotifyAll();
    for (const auto& [id, task] : open_) task->stop = true;
    threads.swap(threads_);
  }
  for (std::thread& thread : threads) thread.join();
  base::MutexLock lock(&mutex_);
  for (const auto& [id, task] : open_) task->history->Close();
}

void TaskRunner::RunTasks() {
  while (const std::shared_ptr<OpenTask> task = TakeTask()) RunTask(*task);
}

std::shared_ptr<TaskRunner::OpenTask> TaskRunner::TakeTask() {
  base::MutexLock lock(&mutex_);
  while (!draining_ && !queue_.HasNext()) changed_.Wait(&mutex_);
  if (draining_) return nullptr;
  return open_.at(*queue_.TakeNext());
}

void TaskRunner::RunTask(OpenTask& task) {
  const absl::StatusOr<SessionSummary> summary =
      run_session_(task.spec, task.stop, [&task](const TuningEvent& event) {
        // Its end is told once the log has it: CloseTask.
        if (!IsLast(event)) task.history->Append(ToJson(event), false);
      });
  CloseTask(task, summary);
}

void TaskRunner::CloseTask(OpenTask& task, absl::StatusOr<SessionSummary> summary) {
  const int64_t task_id = task.spec.task_id;
  if (task.cancelled && summary.ok()) summary->stop_reason = "cancelled";
  const End end = EndOf(task.cancelled, summary);
  base::MutexLock lock(&mutex_);
  queue_.Finish(task_id);
  changed_.NotifyAll();
  const bool ended_by_drain =
      draining_ && !task.cancelled && summary.ok() && summary->stop_reason == kInterrupted;
  const absl::Status logged = ended_by_drain ? log_->SetTaskState(task_id, db::TaskState::kQueued)
                                             : log_->SetTaskState(task_id, end.state, end.how);
  // A session that came to an end by itself has closed its task.
  if (!logged.ok() && !absl::IsFailedPrecondition(logged)) {
    spdlog::error("task {}: {}", task_id, base::OneLine(logged));
  }
  if (ended_by_drain) return;
  TuningEvent event = end.event;
  event.task_id = task_id;
  task.history->Append(ToJson(event), true);
  open_.erase(task_id);
}

}  // namespace tunefarm::tuner
