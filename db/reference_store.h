// Reference timings, and what the log knows of a device as a whole. SQL only; internal to db.
#ifndef TUNEFARM_DB_REFERENCE_STORE_H_
#define TUNEFARM_DB_REFERENCE_STORE_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "db/records.h"
#include "db/sqlite.h"

namespace tunefarm::db {

// INVALID_ARGUMENT: no device, samples that are none, a drift that is not finite.
absl::Status CheckReference(const ReferenceRecord& reference);
// Requires an open transaction and a checked record. NOT_FOUND: target or task.
absl::Status InsertReference(Connection& connection, const ReferenceRecord& reference);

// The contract is that of TuningLog::Activity.
absl::StatusOr<DeviceActivity> ReadActivity(Connection& connection, const std::string& device,
                                            uint64_t num_references);

}  // namespace tunefarm::db

#endif  // TUNEFARM_DB_REFERENCE_STORE_H_
