#include "db/sqlite.h"

#include <sqlite3.h>

#include <cstring>
#include <utility>

#include "absl/strings/str_format.h"
#include "base/status.h"

namespace tunefarm::db {
namespace {

// Long enough for a person's sqlite3 shell to finish a statement.
constexpr int kBusyTimeoutMs = 5000;

// `file:` URI of an absolute path; the characters that mean something in a URI are escaped.
std::string FileUri(const std::string& path, const std::string& query) {
  std::string uri = "file:";
  for (char c : path) {
    if (c == '%' || c == '?' || c == '#') {
      uri += absl::StrFormat("%%%02X", static_cast<unsigned>(c));
    } else {
      uri += c;
    }
  }
  return uri + query;
}

}  // namespace

Statement::Statement(Connection* connection, std::string sql, sqlite3_stmt* handle)
    : connection_(connection), sql_(std::move(sql)), handle_(handle) {}

Statement::Statement(Statement&& other) noexcept
    : connection_(other.connection_),
      sql_(std::move(other.sql_)),
      handle_(std::exchange(other.handle_, nullptr)),
      bind_error_(other.bind_error_) {}

Statement::~Statement() {
  if (handle_ != nullptr) connection_->GiveBack(sql_, handle_);
}

int Statement::Parameter(const char* name) const {
  const int index = sqlite3_bind_parameter_index(handle_, name);
  TUNEFARM_CHECK(index > 0, absl::StrFormat("no parameter %s in: %s", name, sql_));
  return index;
}

void Statement::Note(int code) {
  if (bind_error_ == SQLITE_OK) bind_error_ = code;
}

void Statement::BindInt(const char* name, int64_t value) {
  Note(sqlite3_bind_int64(handle_, Parameter(name), value));
}

void Statement::BindReal(const char* name, double value) {
  Note(sqlite3_bind_double(handle_, Parameter(name), value));
}

void Statement::BindText(const char* name, const std::string& value) {
  Note(sqlite3_bind_text64(handle_, Parameter(name), value.data(), value.size(), SQLITE_TRANSIENT,
                           SQLITE_UTF8));
}

void Statement::BindInt(const char* name, const std::optional<int64_t>& value) {
  if (value) {
    BindInt(name, *value);
  } else {
    Note(sqlite3_bind_null(handle_, Parameter(name)));
  }
}

void Statement::BindReal(const char* name, const std::optional<double>& value) {
  if (value) {
    BindReal(name, *value);
  } else {
    Note(sqlite3_bind_null(handle_, Parameter(name)));
  }
}

absl::StatusOr<bool> Statement::Step() {
  if (bind_error_ != SQLITE_OK) return connection_->Error(bind_error_);
  const int code = sqlite3_step(handle_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return connection_->Error(sqlite3_extended_errcode(connection_->handle_));
}

absl::Status Statement::Run() {
  absl::Status status;
  while (true) {
    const absl::StatusOr<bool> row = Step();
    status = row.status();
    if (!row.ok() || !*row) break;
  }
  sqlite3_reset(handle_);
  sqlite3_clear_bindings(handle_);
  bind_error_ = SQLITE_OK;
  return status;
}

int Statement::num_columns() const { return sqlite3_column_count(handle_); }

bool Statement::IsNull(int column) const {
  return sqlite3_column_type(handle_, column) == SQLITE_NULL;
}

int64_t Statement::Int(int column) const { return sqlite3_column_int64(handle_, column); }

double Statement::Real(int column) const { return sqlite3_column_double(handle_, column); }

std::string Statement::Text(int column) const {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(handle_, column));
  if (text == nullptr) return "";
  return std::string(text, static_cast<size_t>(sqlite3_column_bytes(handle_, column)));
}

std::optional<int64_t> RowReader::OptionalInt() {
  const int column = column_++;
  if (statement_.IsNull(column)) return std::nullopt;
  return statement_.Int(column);
}

std::optional<double> RowReader::OptionalReal() {
  const int column = column_++;
  if (statement_.IsNull(column)) return std::nullopt;
  return statement_.Real(column);
}

absl::StatusOr<std::unique_ptr<Connection>> Connection::Open(const std::string& path,
                                                             ConnectionMode mode) {
  std::string name = path;
  // Each connection stays with one thread at a time, so SQLite's own mutexes are not needed.
  int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  switch (mode) {
    case ConnectionMode::kReadWriteCreate:
      flags |= SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
      break;
    case ConnectionMode::kReadOnly:
      flags |= SQLITE_OPEN_READONLY;
      break;
    case ConnectionMode::kImmutable:
      flags |= SQLITE_OPEN_READONLY | SQLITE_OPEN_URI;
      name = FileUri(path, "?immutable=1");
      break;
  }
  sqlite3* handle = nullptr;
  const int code = sqlite3_open_v2(name.c_str(), &handle, flags, nullptr);
  TUNEFARM_CHECK(handle != nullptr, "no memory for a SQLite handle");
  std::unique_ptr<Connection> connection(new Connection(path, handle));
  if (code != SQLITE_OK) return connection->Error(code);
  sqlite3_busy_timeout(handle, kBusyTimeoutMs);
  return connection;
}

Connection::Connection(std::string path, sqlite3* handle)
    : path_(std::move(path)), handle_(handle) {}

Connection::~Connection() {
  for (auto& [sql, statements] : idle_) {
    for (sqlite3_stmt* statement : statements) sqlite3_finalize(statement);
  }
  const int code = sqlite3_close(handle_);
  TUNEFARM_CHECK(code != SQLITE_BUSY,
                 absl::StrFormat("%s: closed with a statement on loan", path_));
}

void Connection::GiveBack(const std::string& sql, sqlite3_stmt* statement) {
  sqlite3_reset(statement);
  sqlite3_clear_bindings(statement);
  idle_[sql].push_back(statement);
}

absl::StatusOr<Statement> Connection::Prepare(const std::string& sql) {
  std::vector<sqlite3_stmt*>& idle = idle_[sql];
  if (!idle.empty()) {
    sqlite3_stmt* statement = idle.back();
    idle.pop_back();
    return Statement(this, sql, statement);
  }
  sqlite3_stmt* statement = nullptr;
  const int code =
      sqlite3_prepare_v3(handle_, sql.c_str(), -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  if (code != SQLITE_OK) return Error(code);
  TUNEFARM_CHECK(statement != nullptr, "empty SQL text");
  return Statement(this, sql, statement);
}

absl::Status Connection::Execute(const std::string& sql) {
  const int code = sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr);
  return code == SQLITE_OK ? absl::OkStatus() : Error(code);
}

absl::StatusOr<int64_t> Connection::QueryInt(const std::string& sql) {
  TUNEFARM_ASSIGN_OR_RETURN(Statement statement, Prepare(sql));
  TUNEFARM_ASSIGN_OR_RETURN(const bool row, statement.Step());
  if (!row) return absl::NotFoundError(absl::StrFormat("%s: no row for: %s", path_, sql));
  return statement.Int(0);
}

absl::Status Connection::Error(int code) const {
  const std::string detail = sqlite3_errmsg(handle_);
  switch (code & 0xff) {
    case SQLITE_FULL:
      return absl::ResourceExhaustedError(
          absl::StrFormat("%s: disk full, nothing more can be written", path_));
    case SQLITE_NOMEM:
      return absl::ResourceExhaustedError(absl::StrFormat("%s: out of memory", path_));
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return absl::UnavailableError(absl::StrFormat(
          "%s: locked by another program for more than %d ms", path_, kBusyTimeoutMs));
    case SQLITE_IOERR: {
      const int error = sqlite3_system_errno(handle_);
      // SQLite reports a disk that fills up under its shared-memory file as an I/O error.
      if (error == ENOSPC || code == SQLITE_IOERR_SHMSIZE) {
        return absl::ResourceExhaustedError(
            absl::StrFormat("%s: disk full, nothing more can be written", path_));
      }
      return absl::UnavailableError(
          absl::StrFormat("%s: %s (code %d, %s)", path_, detail, code,
                          error != 0 ? std::strerror(error) : "no errno"));
    }
    case SQLITE_CORRUPT:
      return absl::DataLossError(absl::StrFormat(
          "%s: the file is damaged (%s); `sqlite3 FILE .recover` saves what is readable", path_,
          detail));
    case SQLITE_NOTADB:
      return absl::InvalidArgumentError(
          absl::StrFormat("%s: not a tuning log (%s)", path_, detail));
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return absl::PermissionDeniedError(absl::StrFormat("%s: %s", path_, detail));
    case SQLITE_CANTOPEN:
      return absl::UnavailableError(absl::StrFormat("%s: %s", path_, detail));
    case SQLITE_CONSTRAINT:
      if (code == SQLITE_CONSTRAINT_UNIQUE || code == SQLITE_CONSTRAINT_PRIMARYKEY) {
        return absl::AlreadyExistsError(absl::StrFormat("%s: %s", path_, detail));
      }
      return absl::FailedPreconditionError(absl::StrFormat("%s: %s", path_, detail));
    case SQLITE_ERROR:
    case SQLITE_TOOBIG:
    case SQLITE_MISMATCH:
    case SQLITE_RANGE:
      return absl::InvalidArgumentError(absl::StrFormat("%s: %s", path_, detail));
    default:
      return absl::InternalError(absl::StrFormat("%s: %s (code %d)", path_, detail, code));
  }
}

bool Connection::in_transaction() const { return sqlite3_get_autocommit(handle_) == 0; }

bool Connection::read_only() const { return sqlite3_db_readonly(handle_, "main") == 1; }

int64_t Connection::num_changes() const { return sqlite3_changes64(handle_); }

absl::StatusOr<Transaction> Transaction::Begin(Connection& connection) {
  TUNEFARM_RETURN_IF_ERROR(connection.Execute("BEGIN IMMEDIATE"));
  return Transaction(connection);
}

Transaction::Transaction(Transaction&& other) noexcept
    : connection_(std::exchange(other.connection_, nullptr)) {}

Transaction::~Transaction() {
  if (connection_ == nullptr) return;
  // A full disk or an I/O error has already rolled back. Where ROLLBACK fails, SQLite has undone it
  // all the same.
  if (connection_->in_transaction()) connection_->Execute("ROLLBACK").IgnoreError();
}

absl::Status Transaction::Commit() {
  TUNEFARM_RETURN_IF_ERROR(connection_->Execute("COMMIT"));
  connection_ = nullptr;
  return absl::OkStatus();
}

}  // namespace tunefarm::db
