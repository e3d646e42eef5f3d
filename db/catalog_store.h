// The tables that name things: workloads, targets, spaces, toolchains, devices. SQL only; internal
// to db.
#ifndef TUNEFARM_DB_CATALOG_STORE_H_
#define TUNEFARM_DB_CATALOG_STORE_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "db/records.h"
#include "db/sqlite.h"

namespace tunefarm::db {

// Each inserts the row, or brings what may change of it up to date (a workload's num_flops, a
// target's label, a device's description). INVALID_ARGUMENT: an empty name, or a count beyond 63
// bits.
absl::Status UpsertWorkload(Connection& connection, const WorkloadRecord& workload);
absl::Status UpsertTarget(Connection& connection, const TargetRecord& target);
absl::Status UpsertSpace(Connection& connection, const SpaceRecord& space);
absl::Status UpsertToolchain(Connection& connection, const std::string& text);
absl::Status UpsertDevice(Connection& connection, const DeviceRecord& device, uint64_t now_ns);

// Row number of the device. One that nobody described yet gets a row with its name, so that no
// trial is lost for it.
absl::StatusOr<int64_t> FindOrAddDevice(Connection& connection, const std::string& name,
                                        bool emulated, uint64_t now_ns);

// Row number of the `table` row whose `column` is `value`; NOT_FOUND names both.
absl::StatusOr<int64_t> FindId(Connection& connection, const std::string& table,
                               const std::string& column, const std::string& value);

// `value` as SQLite keeps it; INVALID_ARGUMENT where it does not fit 63 bits.
absl::StatusOr<int64_t> ToInt64(const char* what, uint64_t value);
// The same for a LIMIT: what does not fit means no limit.
int64_t ToLimit(uint64_t limit);

}  // namespace tunefarm::db

#endif  // TUNEFARM_DB_CATALOG_STORE_H_
