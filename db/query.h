// One SQL question to a tuning log, for people (`tuner query sql`). Read-only by four means: the
// file is opened read-only, the statement must be one that SQLite calls read-only, an authorizer
// admits nothing but reading, and ATTACH is refused, so that no other file can be reached.
#ifndef TUNEFARM_DB_QUERY_H_
#define TUNEFARM_DB_QUERY_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"

namespace tunefarm::db {

// NULL, INTEGER, REAL, TEXT, BLOB.
using QueryValue = std::variant<std::monostate, int64_t, double, std::string, std::vector<uint8_t>>;

struct QueryResult {
  std::vector<std::string> columns;
  std::vector<std::vector<QueryValue>> rows;  // Each as long as `columns`.
};

// Runs the one statement in `sql` against the log at `path`. May run beside a process that writes
// the log: it sees what is committed. Errors: INVALID_ARGUMENT (does not compile, several
// statements, none), PERMISSION_DENIED (would change something, or reach another file),
// RESOURCE_EXHAUSTED (more than `max_rows` rows), and those of TuningLog::Open for reading.
absl::StatusOr<QueryResult> RunReadOnlyQuery(const std::string& path, const std::string& sql,
                                             size_t max_rows = 1000000);

}  // namespace tunefarm::db

#endif  // TUNEFARM_DB_QUERY_H_
