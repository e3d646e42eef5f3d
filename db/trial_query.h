// Trials on the way out of the log. SQL only; internal to db.
#ifndef TUNEFARM_DB_TRIAL_QUERY_H_
#define TUNEFARM_DB_TRIAL_QUERY_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "db/records.h"
#include "db/sqlite.h"

namespace tunefarm::db {

// The contracts are those of TuningLog's functions of the same names.
absl::StatusOr<TrialRecord> ReadTrial(Connection& connection, int64_t trial_id);
absl::StatusOr<std::vector<TrialRecord>> ReadTrialsOfTask(Connection& connection, int64_t task_id);
absl::StatusOr<std::vector<TrialRecord>> ReadTrialsFor(Connection& connection,
                                                       const std::string& workload,
                                                       const std::string& target, uint64_t limit);
absl::StatusOr<std::vector<TrialRecord>> ReadNearestTrials(Connection& connection,
                                                           const std::string& template_prefix,
                                                           uint64_t limit_per_task);
absl::StatusOr<BestRecord> ReadBest(Connection& connection, const std::string& workload,
                                    const std::string& target, bool include_emulated);

}  // namespace tunefarm::db

#endif  // TUNEFARM_DB_TRIAL_QUERY_H_
