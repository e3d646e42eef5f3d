// Tasks in the log: what was asked for and where it stands. SQL only; internal to db.
#ifndef TUNEFARM_DB_TASK_STORE_H_
#define TUNEFARM_DB_TASK_STORE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "db/records.h"
#include "db/sqlite.h"

namespace tunefarm::db {

// Inserts a queued task and returns its number. Errors: NOT_FOUND (workload, target, space or
// toolchain is not in the log), INVALID_ARGUMENT (budget).
absl::StatusOr<int64_t> InsertTask(Connection& connection, const TaskRecord& task, uint64_t now_ns);

// Moves the task to `state`. Errors: NOT_FOUND, FAILED_PRECONDITION (it has ended).
absl::Status UpdateTaskState(Connection& connection, int64_t task_id, TaskState state,
                             const std::string& ended_how, uint64_t now_ns);

absl::StatusOr<TaskRecord> ReadTask(Connection& connection, int64_t task_id);
// Queued and running ones, oldest first.
absl::StatusOr<std::vector<TaskRecord>> ReadOpenTasks(Connection& connection);
// Newest first.
absl::StatusOr<std::vector<TaskRecord>> ReadLatestTasks(Connection& connection, uint64_t limit);

}  // namespace tunefarm::db

#endif  // TUNEFARM_DB_TASK_STORE_H_
