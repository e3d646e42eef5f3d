// The schema of the tuning log inside a file: made, migrated, or refused. Internal to db.
//
// The SQL comes from schema.sql and migrations/*.sql, which the build puts into the library.
#ifndef TUNEFARM_DB_SCHEMA_H_
#define TUNEFARM_DB_SCHEMA_H_

#include <span>
#include <string>

#include "absl/status/status.h"
#include "db/sqlite.h"

namespace tunefarm::db {

// One step from schema version `version - 1` to `version`.
struct Migration {
  int version;       // From 1, without gaps.
  const char* name;  // File name without ending, e.g. 0001_initial.
  const char* sql;   // Statements; must not set user_version, which Migrate does.
};

// The current schema, as in schema.sql.
const char* SchemaSql();
// All migrations, in order; the last one leads to the current schema.
std::span<const Migration> Migrations();
inline int CurrentSchemaVersion() { return static_cast<int>(Migrations().size()); }

// OK where PrepareSchema may go on: an empty database, or a sound log that is not newer than this
// program. Writes nothing. Errors: FAILED_PRECONDITION (newer schema), INVALID_ARGUMENT (not a
// database, or another program's), DATA_LOSS (damaged), otherwise as Connection::Error.
absl::Status CheckCanPrepare(Connection& connection);

// Makes a log of an empty database, brings an older one up to date, and leaves a current one alone,
// in one transaction. Requires CheckCanPrepare.
absl::Status PrepareSchema(Connection& connection);

// OK where the file holds a log of exactly the current version. Errors: as CheckCanPrepare,
// NOT_FOUND for an empty database, FAILED_PRECONDITION for an older version, which only a writer
// can bring up to date.
absl::Status CheckSchema(Connection& connection);

// OK where SQLite finds every page sound and every reference kept. Reads the whole file.
absl::Status CheckIntegrity(Connection& connection);

// Applies those of `migrations` that are above the file's version. Requires an open transaction.
absl::Status Migrate(Connection& connection, std::span<const Migration> migrations);

}  // namespace tunefarm::db

#endif  // TUNEFARM_DB_SCHEMA_H_
