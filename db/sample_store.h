// Single samples on the way into the log and out of it, and the figures made of them. SQL only;
// internal to db.
#ifndef TUNEFARM_DB_SAMPLE_STORE_H_
#define TUNEFARM_DB_SAMPLE_STORE_H_

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "db/records.h"
#include "db/sqlite.h"

namespace tunefarm::db {

// INVALID_ARGUMENT: none, one that is not above 0, or `all_samples` (unless empty) whose counted
// ones are not `samples_ns`.
absl::Status CheckSamples(const std::vector<double>& samples_ns,
                          const std::vector<SampleRecord>& all_samples = {});

// Requires checked samples of a round that the trial does not have.
absl::Status InsertSamples(Connection& connection, int64_t trial_id, uint32_t round,
                           const std::vector<double>& samples_ns,
                           const std::vector<SampleRecord>& all_samples);

// Fills samples_ns, all_samples and final_rounds of the trial with this id.
absl::Status ReadSamples(Connection& connection, TrialRecord* trial);
// The counted ones of all final rounds.
absl::StatusOr<std::vector<double>> ReadFinalSamples(Connection& connection, int64_t trial_id);

// Of at least one sample.
CostStatistics Summarize(const std::vector<double>& samples_ns);
uint64_t NumDisturbed(const std::vector<SampleRecord>& samples);

}  // namespace tunefarm::db

#endif  // TUNEFARM_DB_SAMPLE_STORE_H_
