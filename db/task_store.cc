#include "db/task_store.h"

#include <cmath>
#include <optional>
#include <utility>

#include "absl/strings/str_format.h"
#include "base/status.h"
#include "db/catalog_store.h"

namespace tunefarm::db {
namespace {

bool HasEnded(TaskState state) {
  return state != TaskState::kQueued && state != TaskState::kRunning;
}

constexpr char kSelectTask[] =
    "SELECT tasks.id, workloads.key, targets.text, spaces.hash, toolchains.text, seed, strategy, "
    "  max_trials, max_seconds, owner, state, ended_how, created_at_ns, started_at_ns, "
    "ended_at_ns, objective, "
    "  (SELECT COUNT(*) FROM trials WHERE task_id = tasks.id AND outcome <> 'device_lost' "
    "   AND superseded_by IS NULL) "
    "FROM tasks JOIN workloads ON workloads.id = workload_id "
    "JOIN targets ON targets.id = target_id JOIN spaces ON spaces.id = space_id "
    "JOIN toolchains ON toolchains.id = toolchain_id ";

absl::StatusOr<TaskRecord> ReadRow(const Statement& statement) {
  RowReader row(statement);
  TaskRecord task;
  task.id = row.Int();
  task.workload = row.Text();
  task.target = row.Text();
  task.space_hash = row.Text();
  task.toolchain = row.Text();
  task.seed = static_cast<uint64_t>(row.Int());
  task.strategy = row.Text();
  task.max_trials = row.Count();
  task.max_seconds = row.Real();
  task.owner = row.Text();
  const std::string state = row.Text();
  if (!FromText(state, &task.state)) {
    return absl::DataLossError(absl::StrFormat("task %d has state '%s'", task.id, state));
  }
  task.ended_how = row.Text();
  task.created_at_ns = row.Count();
  task.started_at_ns = row.Count();
  task.ended_at_ns = row.Count();
  const std::string objective = row.Text();
  if (!FromText(objective, &task.objective)) {
    return absl::DataLossError(absl::StrFormat("task %d has objective '%s'", task.id, objective));
  }
  task.num_trials = row.Count();
  return task;
}

absl::StatusOr<std::vector<TaskRecord>> ReadRows(Statement& statement) {
  std::vector<TaskRecord> tasks;
  while (true) {
    TUNEFARM_ASSIGN_OR_RETURN(const bool row, statement.Step());
    if (!row) return tasks;
    TUNEFARM_ASSIGN_OR_RETURN(TaskRecord task, ReadRow(statement));
    tasks.push_back(std::move(task));
  }
}

}  // namespace

absl::StatusOr<int64_t> InsertTask(Connection& connection, const TaskRecord& task,
                                   uint64_t now_ns) {
  TUNEFARM_ASSIGN_OR_RETURN(const int64_t max_trials, ToInt64("max_trials", task.max_trials));
  TUNEFARM_ASSIGN_OR_RETURN(const int64_t now, ToInt64("time", now_ns));
  if (max_trials < 1 || !std::isfinite(task.max_seconds) || task.max_seconds < 0) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "task budget: max_trials %d must be at least 1, max_seconds %g finite and not below 0",
        task.max_trials, task.max_seconds));
  }
  TUNEFARM_ASSIGN_OR_RETURN(const int64_t workload_id,
                            FindId(connection, "workloads", "key", task.workload));
  TUNEFARM_ASSIGN_OR_RETURN(const int64_t target_id,
                            FindId(connection, "targets", "text", task.target));
  TUNEFARM_ASSIGN_OR_RETURN(const int64_t space_id,
                            FindId(connection, "spaces", "hash", task.space_hash));
  TUNEFARM_ASSIGN_OR_RETURN(const int64_t toolchain_id,
                            FindId(connection, "toolchains", "text", task.toolchain));
  TUNEFARM_ASSIGN_OR_RETURN(
      Statement statement,
      connection.Prepare(
          "INSERT INTO tasks (workload_id, target_id, space_id, toolchain_id, seed, strategy, "
          "  max_trials, max_seconds, owner, state, ended_how, created_at_ns, objective) "
          "VALUES (:workload_id, :target_id, :space_id, :toolchain_id, :seed, :strategy, "
          "  :max_trials, :max_seconds, :owner, 'queued', '', :now, :objective) RETURNING id"));
  statement.BindInt(":workload_id", workload_id);
  statement.BindInt(":target_id", target_id);
  statement.BindInt(":space_id", space_id);
  statement.BindInt(":toolchain_id", toolchain_id);
  statement.BindInt(":seed", static_cast<int64_t>(task.seed));
  statement.BindText(":strategy", task.strategy);
  statement.BindInt(":max_trials", max_trials);
  statement.BindReal(":max_seconds", task.max_seconds);
  statement.BindText(":owner", task.owner);
  statement.BindText(":objective", ToText(task.objective));
  statement.BindInt(":now", now);
  TUNEFARM_ASSIGN_OR_RETURN(const bool row, statement.Step());
  TUNEFARM_CHECK(row, "INSERT ... RETURNING gave no row");
  return statement.Int(0);
}

absl::Status UpdateTaskState(Connection& connection, int64_t task_id, TaskState state,
                             const std::string& ended_how, uint64_t now_ns) {
  TUNEFARM_ASSIGN_OR_RETURN(const int64_t now, ToInt64("time", now_ns));
  TUNEFARM_ASSIGN_OR_RETURN(const TaskRecord task, ReadTask(connection, task_id));
  if (HasEnded(task.state)) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "task %d cannot become %s: it is %s", task_id, ToText(state), ToText(task.state)));
  }
  TUNEFARM_ASSIGN_OR_RETURN(
      Statement statement,
      connection.Prepare(
          "UPDATE tasks SET state = :state, ended_how = :ended_how, ended_at_ns = :ended_at_ns, "
          "  started_at_ns = COALESCE(started_at_ns, :started_at_ns) WHERE id = :id"));
  statement.BindInt(":id", task_id);
  statement.BindText(":state", ToText(state));
  statement.BindText(":ended_how", HasEnded(state) ? ended_how : "");
  statement.BindInt(":ended_at_ns", HasEnded(state) ? std::optional<int64_t>(now) : std::nullopt);
  statement.BindInt(":started_at_ns",
                    state == TaskState::kRunning ? std::optional<int64_t>(now) : std::nullopt);
  return statement.Run();
}

absl::StatusOr<TaskRecord> ReadTask(Connection& connection, int64_t task_id) {
  TUNEFARM_ASSIGN_OR_RETURN(Statement statement,
                            connection.Prepare(std::string(kSelectTask) + "WHERE tasks.id = :id"));
  statement.BindInt(":id", task_id);
  TUNEFARM_ASSIGN_OR_RETURN(const bool row, statement.Step());
  if (row) return ReadRow(statement);
  return absl::NotFoundError(absl::StrFormat("%s: no task %d", connection.path(), task_id));
}

absl::StatusOr<std::vector<TaskRecord>> ReadOpenTasks(Connection& connection) {
  TUNEFARM_ASSIGN_OR_RETURN(
      Statement statement,
      connection.Prepare(std::string(kSelectTask) +
                         "WHERE state IN ('queued', 'running') ORDER BY tasks.id"));
  return ReadRows(statement);
}

absl::StatusOr<std::vector<TaskRecord>> ReadLatestTasks(Connection& connection, uint64_t limit) {
  TUNEFARM_ASSIGN_OR_RETURN(
      Statement statement,
      connection.Prepare(std::string(kSelectTask) + "ORDER BY tasks.id DESC LIMIT :limit"));
  statement.BindInt(":limit", ToLimit(limit));
  return ReadRows(statement);
}

}  // namespace tunefarm::db
