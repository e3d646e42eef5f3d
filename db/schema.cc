#include "db/schema.h"

#include "absl/strings/str_format.h"
#include "base/status.h"

namespace tunefarm::db {
namespace {

constexpr int64_t kApplicationId = 0x54464C47;  // "TFLG"; schema.sql sets it.

// Checking a file reads all of it. Up to this size that takes about a tenth of a second; beyond,
// damage is met when a damaged page is read, and TuningLog::Check looks for it on demand.
constexpr int64_t kMaxCheckedBytes = 16 << 20;

struct Identity {
  bool empty;  // No tables and no marks: a file that was just created.
  int64_t application_id;
  int64_t version;
};

absl::StatusOr<Identity> ReadIdentity(Connection& connection) {
  Identity identity;
  TUNEFARM_ASSIGN_OR_RETURN(identity.application_id, connection.QueryInt("PRAGMA application_id"));
  TUNEFARM_ASSIGN_OR_RETURN(identity.version, connection.QueryInt("PRAGMA user_version"));
  TUNEFARM_ASSIGN_OR_RETURN(const int64_t num_objects,
                            connection.QueryInt("SELECT COUNT(*) FROM sqlite_schema"));
  identity.empty = num_objects == 0 && identity.application_id == 0 && identity.version == 0;
  return identity;
}

absl::Status CheckIdentity(Connection& connection, const Identity& identity) {
  if (identity.application_id != kApplicationId) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "%s: not a tuning log but another SQLite database (application id %d, a log has %d)",
        connection.path(), identity.application_id, kApplicationId));
  }
  if (identity.version > CurrentSchemaVersion()) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "%s: schema version %d is newer than %d, the last this program knows; use a newer Tunefarm",
        connection.path(), identity.version, CurrentSchemaVersion()));
  }
  if (identity.version < 1) {
    return absl::DataLossError(absl::StrFormat("%s: a tuning log with schema version %d",
                                               connection.path(), identity.version));
  }
  return absl::OkStatus();
}

// `pragma` gives one row: "ok", or what is wrong.
absl::Status CheckPages(Connection& connection, const std::string& pragma) {
  TUNEFARM_ASSIGN_OR_RETURN(Statement check, connection.Prepare("PRAGMA " + pragma));
  TUNEFARM_ASSIGN_OR_RETURN(const bool row, check.Step());
  const std::string verdict = row ? check.Text(0) : "no verdict";
  if (verdict == "ok") return absl::OkStatus();
  return absl::DataLossError(absl::StrFormat(
      "%s: the file is damaged (%s); `sqlite3 FILE .recover` saves what is readable",
      connection.path(), verdict));
}

absl::Status CheckPagesOfSmallFile(Connection& connection) {
  TUNEFARM_ASSIGN_OR_RETURN(const int64_t num_pages, connection.QueryInt("PRAGMA page_count"));
  TUNEFARM_ASSIGN_OR_RETURN(const int64_t page_bytes, connection.QueryInt("PRAGMA page_size"));
  if (num_pages * page_bytes > kMaxCheckedBytes) return absl::OkStatus();
  return CheckPages(connection, "quick_check(1)");
}

}  // namespace

absl::Status Migrate(Connection& connection, std::span<const Migration> migrations) {
  TUNEFARM_ASSIGN_OR_RETURN(const int64_t version, connection.QueryInt("PRAGMA user_version"));
  for (const Migration& migration : migrations) {
    if (migration.version <= version) continue;
    TUNEFARM_RETURN_IF_ERROR(base::Annotate(connection.Execute(migration.sql),
                                            absl::StrFormat("migration %s", migration.name)));
    TUNEFARM_RETURN_IF_ERROR(
        connection.Execute(absl::StrFormat("PRAGMA user_version = %d", migration.version)));
  }
  return absl::OkStatus();
}

absl::Status CheckCanPrepare(Connection& connection) {
  TUNEFARM_ASSIGN_OR_RETURN(const Identity identity, ReadIdentity(connection));
  if (identity.empty) return absl::OkStatus();
  TUNEFARM_RETURN_IF_ERROR(CheckIdentity(connection, identity));
  return CheckPagesOfSmallFile(connection);
}

absl::Status PrepareSchema(Connection& connection) {
  TUNEFARM_ASSIGN_OR_RETURN(const Identity identity, ReadIdentity(connection));
  if (!identity.empty && identity.version == CurrentSchemaVersion()) return absl::OkStatus();
  TUNEFARM_ASSIGN_OR_RETURN(Transaction transaction, Transaction::Begin(connection));
  TUNEFARM_RETURN_IF_ERROR(identity.empty ? connection.Execute(SchemaSql())
                                          : Migrate(connection, Migrations()));
  return transaction.Commit();
}

absl::Status CheckSchema(Connection& connection) {
  TUNEFARM_ASSIGN_OR_RETURN(const Identity identity, ReadIdentity(connection));
  if (identity.empty) {
    return absl::NotFoundError(
        absl::StrFormat("%s: an empty file, no tuning log", connection.path()));
  }
  TUNEFARM_RETURN_IF_ERROR(CheckIdentity(connection, identity));
  if (identity.version < CurrentSchemaVersion()) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "%s: schema version %d is older than %d; open it once for writing to bring it up to date",
        connection.path(), identity.version, CurrentSchemaVersion()));
  }
  return absl::OkStatus();
}

absl::Status CheckIntegrity(Connection& connection) {
  TUNEFARM_RETURN_IF_ERROR(CheckPages(connection, "integrity_check(1)"));
  TUNEFARM_ASSIGN_OR_RETURN(Statement broken, connection.Prepare("PRAGMA foreign_key_check"));
  TUNEFARM_ASSIGN_OR_RETURN(const bool row, broken.Step());
  if (!row) return absl::OkStatus();
  return absl::DataLossError(absl::StrFormat("%s: row %d of %s refers to a row of %s that is gone",
                                             connection.path(), broken.Int(1), broken.Text(0),
                                             broken.Text(2)));
}

}  // namespace tunefarm::db
