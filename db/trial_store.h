// Trials and their samples on the way into the log. SQL only; internal to db.
#ifndef TUNEFARM_DB_TRIAL_STORE_H_
#define TUNEFARM_DB_TRIAL_STORE_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "db/records.h"
#include "db/sqlite.h"

namespace tunefarm::db {

// OK where the log's constraints will take the record. INVALID_ARGUMENT says which field does not
// fit: so a trial that was accepted and queued is not refused later, when nobody waits for the
// answer.
absl::Status CheckTrial(const TrialRecord& trial);

// Inserts a checked trial as number `id` with its kernel, its device where the log does not know
// it, and its samples. Requires an open transaction, and the trial's task in the log.
absl::Status InsertTrial(Connection& connection, int64_t id, const TrialRecord& trial);

// Inserts one round of an interleaved final and brings the trial's final figures up to date.
// Requires an open transaction, the trial with outcome ok, checked samples and a round that it does
// not have.
absl::Status InsertFinalRound(Connection& connection, int64_t trial_id,
                              const FinalRound& final_round);

// What stands in the file, for checks before something is queued.
absl::StatusOr<int64_t> ReadLastTrialId(Connection& connection);  // 0: no trials.
absl::Status CheckNewTrialKey(Connection& connection,
                              const std::string& trial_key);            // ALREADY_EXISTS
absl::Status CheckTaskExists(Connection& connection, int64_t task_id);  // NOT_FOUND
// NOT_FOUND (no such trial), FAILED_PRECONDITION (its outcome is not ok).
absl::Status CheckTrialIsOk(Connection& connection, int64_t trial_id);
absl::Status CheckNewRound(Connection& connection, int64_t trial_id,
                           uint32_t round);  // ALREADY_EXISTS

}  // namespace tunefarm::db

#endif  // TUNEFARM_DB_TRIAL_STORE_H_
