#include "db/query.h"

#include <sqlite3.h>

#include <memory>
#include <string_view>
#include <utility>

#include "absl/strings/str_format.h"
#include "base/status.h"
#include "db/log_file.h"
#include "db/sqlite.h"

namespace tunefarm::db {
namespace {

// PRAGMAs that only tell something.
constexpr std::string_view kReadingPragmas[] = {
    "table_list",      "table_info",       "table_xinfo",      "index_list", "index_info",
    "index_xinfo",     "foreign_key_list", "user_version",     "page_count", "application_id",
    "integrity_check", "quick_check",      "foreign_key_check"};

// What a PRAGMA with an argument may be: the argument names a table or index, it sets nothing.
bool IsReadingPragma(const char* name, const char* argument) {
  for (std::string_view pragma : kReadingPragmas) {
    if (name != pragma) continue;
    return argument == nullptr || (pragma != "user_version" && pragma != "application_id");
  }
  return false;
}

// SQLite asks for every action while it compiles a statement.
int Authorize(void*, int action, const char* first, const char* second, const char*, const char*) {
  switch (action) {
    case SQLITE_SELECT:
    case SQLITE_READ:
    case SQLITE_RECURSIVE:
    case SQLITE_FUNCTION:  // load_extension is switched off unless a program asks for it.
      return SQLITE_OK;
    case SQLITE_PRAGMA:
      return IsReadingPragma(first, second) ? SQLITE_OK : SQLITE_DENY;
    default:
      return SQLITE_DENY;
  }
}

struct Finalize {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using StatementHandle = std::unique_ptr<sqlite3_stmt, Finalize>;

// Compiles the first statement of `sql`; `tail` is the rest of the text.
absl::StatusOr<StatementHandle> Compile(const Connection& connection, const char* sql,
                                        const char** tail) {
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v2(connection.handle(), sql, -1, &statement, tail);
  if ((code & 0xff) == SQLITE_AUTH) {
    return absl::PermissionDeniedError(
        "only reading is allowed here: SELECT, EXPLAIN and PRAGMAs that tell something");
  }
  if (code != SQLITE_OK) {
    const absl::Status status = connection.Error(code);
    // The text is at fault, not the file: its name would only distract.
    if (!absl::IsInvalidArgument(status)) return status;
    return absl::InvalidArgumentError(
        absl::StrFormat("SQL: %s", sqlite3_errmsg(connection.handle())));
  }
  return StatementHandle(statement);
}

absl::StatusOr<StatementHandle> CompileOne(const Connection& connection, const std::string& sql) {
  const char* tail = nullptr;
  TUNEFARM_ASSIGN_OR_RETURN(StatementHandle statement, Compile(connection, sql.c_str(), &tail));
  if (statement == nullptr) return absl::InvalidArgumentError("SQL: no statement");
  if (sqlite3_stmt_readonly(statement.get()) == 0) {
    return absl::PermissionDeniedError("the statement would change the log");
  }
  // Comments and blanks may follow, they compile to nothing. What does not compile is a second
  // statement all the same.
  while (*tail != '\0') {
    const char* rest = nullptr;
    const absl::StatusOr<StatementHandle> next = Compile(connection, tail, &rest);
    if (!next.ok() || *next != nullptr) {
      return absl::InvalidArgumentError(
          absl::StrFormat("SQL: one statement at a time; a second one begins at '%.40s'", tail));
    }
    tail = rest;
  }
  return statement;
}

QueryValue ReadValue(sqlite3_stmt* statement, int column) {
  const auto num_bytes = [&] {
    return static_cast<size_t>(sqlite3_column_bytes(statement, column));
  };
  switch (sqlite3_column_type(statement, column)) {
    case SQLITE_INTEGER:
      return int64_t{sqlite3_column_int64(statement, column)};
    case SQLITE_FLOAT:
      return sqlite3_column_double(statement, column);
    case SQLITE_TEXT: {
      const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement, column));
      return std::string(text, num_bytes());
    }
    case SQLITE_BLOB: {
      const auto* bytes = static_cast<const uint8_t*>(sqlite3_column_blob(statement, column));
      return std::vector<uint8_t>(bytes, bytes + num_bytes());
    }
    default:
      return std::monostate();
  }
}

}  // namespace

absl::StatusOr<QueryResult> RunReadOnlyQuery(const std::string& path, const std::string& sql,
                                             size_t max_rows) {
  TUNEFARM_ASSIGN_OR_RETURN(const std::unique_ptr<Connection> connection, OpenForReading(path));
  sqlite3_set_authorizer(connection->handle(), Authorize, nullptr);
  TUNEFARM_ASSIGN_OR_RETURN(const StatementHandle statement, CompileOne(*connection, sql));
  QueryResult result;
  const int num_columns = sqlite3_column_count(statement.get());
  for (int i = 0; i < num_columns; ++i) {
    result.columns.push_back(sqlite3_column_name(statement.get(), i));
  }
  while (true) {
    const int code = sqlite3_step(statement.get());
    if (code == SQLITE_DONE) return result;
    if (code != SQLITE_ROW) return connection->Error(code);
    if (result.rows.size() == max_rows) {
      return absl::ResourceExhaustedError(
          absl::StrFormat("the answer has more than %d rows; add a LIMIT", max_rows));
    }
    std::vector<QueryValue>& row = result.rows.emplace_back();
    for (int i = 0; i < num_columns; ++i) row.push_back(ReadValue(statement.get(), i));
  }
}

}  // namespace tunefarm::db
