// A thin layer over SQLite that owns its handles and turns its errors into Status. Internal to db:
// the only files that see sqlite3.h are sqlite.cc and query.cc.
//
// Relies on libsqlite3 3.37 or later (STRICT tables, generated columns).
#ifndef TUNEFARM_DB_SQLITE_H_
#define TUNEFARM_DB_SQLITE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

struct sqlite3;
struct sqlite3_stmt;

namespace tunefarm::db {

class Connection;

// A prepared statement on loan from its connection's cache: reset and given back when it is
// destroyed. The connection must outlive it. Not thread-safe.
class Statement {
 public:
  Statement(Connection* connection, std::string sql, sqlite3_stmt* handle);
  Statement(Statement&& other) noexcept;
  Statement& operator=(Statement&&) = delete;
  ~Statement();

  // Bind the parameter `name` (":key"); an unbound parameter is NULL. A name that the statement
  // does not have is our own mistake and aborts. Errors (text too long, no memory) are returned by
  // Step.
  void BindInt(const char* name, int64_t value);
  void BindReal(const char* name, double value);
  void BindText(const char* name, const std::string& value);
  // NULL where there is no value.
  void BindInt(const char* name, const std::optional<int64_t>& value);
  void BindReal(const char* name, const std::optional<double>& value);

  // True: a row stands ready for the column functions. False: the statement is done.
  absl::StatusOr<bool> Step();
  // Steps to the end, dropping rows, and resets the statement for another round of binding.
  absl::Status Run();

  // Values of the row at hand; `column` counts from 0. NULL reads as 0, 0.0 and "".
  int num_columns() const;
  bool IsNull(int column) const;
  int64_t Int(int column) const;
  double Real(int column) const;
  std::string Text(int column) const;

  sqlite3_stmt* handle() const { return handle_; }

 private:
  int Parameter(const char* name) const;
  void Note(int code);

  Connection* connection_;
  std::string sql_;
  sqlite3_stmt* handle_;
  int bind_error_ = 0;  // First SQLite error of a Bind call.
};

// Reads the columns of a row one after the other, in the order of the SELECT.
class RowReader {
 public:
  explicit RowReader(const Statement& statement) : statement_(statement) {}
  bool Bool() { return statement_.Int(column_++) != 0; }
  int64_t Int() { return statement_.Int(column_++); }
  uint64_t Count() { return static_cast<uint64_t>(statement_.Int(column_++)); }
  double Real() { return statement_.Real(column_++); }
  std::string Text() { return statement_.Text(column_++); }
  std::optional<int64_t> OptionalInt();
  std::optional<double> OptionalReal();

 private:
  const Statement& statement_;
  int column_ = 0;
};

enum class ConnectionMode {
  kReadWriteCreate,  // Makes the file where there is none.
  kReadOnly,         // The file must exist. Sees what a live writer commits.
  kImmutable,  // The same without any lock or side file: for a log that nobody can be writing.
};

// One connection. Not thread-safe; several connections of a process may be used by one thread each.
class Connection {
 public:
  // `path` must be absolute. Opening does not read the file yet: what is wrong with its contents is
  // said by the first statement.
  static absl::StatusOr<std::unique_ptr<Connection>> Open(const std::string& path,
                                                          ConnectionMode mode);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection();

  // `sql` is one statement. INVALID_ARGUMENT where it does not compile.
  absl::StatusOr<Statement> Prepare(const std::string& sql);
  // Runs any number of statements and drops their rows.
  absl::Status Execute(const std::string& sql);
  // First column of the first row; NOT_FOUND where there is no row.
  absl::StatusOr<int64_t> QueryInt(const std::string& sql);

  // The Status of a SQLite result code, as one line that names the file. Codes: RESOURCE_EXHAUSTED
  // (disk full, no memory), UNAVAILABLE (locked, I/O), DATA_LOSS (damaged file), PERMISSION_DENIED
  // (read-only), ALREADY_EXISTS (unique key), FAILED_PRECONDITION (other constraint),
  // INVALID_ARGUMENT (SQL text, not a database), INTERNAL (anything else).
  absl::Status Error(int code) const;

  bool in_transaction() const;
  bool read_only() const;       // Also where the file could not be opened for writing.
  int64_t num_changes() const;  // Rows changed by the last INSERT, UPDATE or DELETE.
  const std::string& path() const { return path_; }
  sqlite3* handle() const { return handle_; }

 private:
  friend class Statement;
  Connection(std::string path, sqlite3* handle);
  void GiveBack(const std::string& sql, sqlite3_stmt* statement);

  const std::string path_;
  sqlite3* const handle_;
  std::unordered_map<std::string, std::vector<sqlite3_stmt*>> idle_;  // Prepared and not on loan.
};

// A write transaction: BEGIN IMMEDIATE at once, ROLLBACK on destruction unless committed.
class Transaction {
 public:
  static absl::StatusOr<Transaction> Begin(Connection& connection);
  Transaction(Transaction&& other) noexcept;
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();
  // After an error nothing of the transaction is in the file.
  absl::Status Commit();

 private:
  explicit Transaction(Connection& connection) : connection_(&connection) {}
  Connection* connection_;  // Null once committed or moved from.
};

}  // namespace tunefarm::db

#endif  // TUNEFARM_DB_SQLITE_H_
