#include "db/log_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <utility>

#include "absl/strings/str_format.h"
#include "base/status.h"
#include "db/schema.h"

namespace tunefarm::db {
namespace {

namespace fs = std::filesystem;

// First bytes of every SQLite database (file format, section 1.3).
constexpr char kMagic[] = "SQLite format 3";

struct LogPath {
  std::string path;  // Absolute, symbolic links resolved: two names of one log share one lock.
  bool exists;
};

absl::StatusOr<LogPath> Resolve(const std::string& path) {
  if (path.empty()) return absl::InvalidArgumentError("the tuning log's path is empty");
  std::error_code error;
  const fs::path resolved = fs::weakly_canonical(fs::absolute(path, error), error);
  if (error) {
    return absl::NotFoundError(absl::StrFormat("tuning log %s: %s", path, error.message()));
  }
  const fs::file_status status = fs::status(resolved, error);
  if (fs::is_directory(status)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%s is a folder, not a tuning log", resolved.string()));
  }
  if (!fs::is_directory(resolved.parent_path(), error)) {
    return absl::NotFoundError(absl::StrFormat("tuning log %s: there is no folder %s", path,
                                               resolved.parent_path().string()));
  }
  return LogPath{resolved.string(), fs::exists(status)};
}

// Before SQLite or the lock file touches anything beside a file that is none of ours.
absl::Status CheckMagic(const LogPath& log) {
  std::ifstream file(log.path, std::ios::binary);
  if (!file) {
    const int error = errno;
    const std::string text =
        absl::StrFormat("cannot read tuning log %s: %s", log.path, std::strerror(error));
    if (error == EACCES) return absl::PermissionDeniedError(text);
    return absl::UnavailableError(text);
  }
  char start[sizeof(kMagic)] = "";
  file.read(start, sizeof(start));
  // An empty file is what a process leaves that was killed while it made a log.
  if (file.gcount() == 0 || std::memcmp(start, kMagic, sizeof(kMagic)) == 0) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      absl::StrFormat("%s is not a tuning log: it is not an SQLite database", log.path));
}

absl::Status LimitSize(Connection& connection, uint64_t max_file_bytes) {
  if (max_file_bytes == 0) return absl::OkStatus();
  TUNEFARM_ASSIGN_OR_RETURN(const int64_t page_bytes, connection.QueryInt("PRAGMA page_size"));
  const auto max_pages = static_cast<int64_t>(max_file_bytes) / page_bytes;
  return connection.QueryInt(absl::StrFormat("PRAGMA max_page_count = %d", max_pages)).status();
}

// Readers of a WAL database need its side files. Where there are none and the folder lets us make
// none, nobody has the log open and its one file holds everything.
bool MustBeReadAlone(const std::string& path) {
  const std::string folder = fs::path(path).parent_path();
  std::error_code error;
  return faccessat(AT_FDCWD, folder.c_str(), W_OK, AT_EACCESS) != 0 &&
         !fs::exists(path + "-wal", error);
}

}  // namespace

absl::StatusOr<WritableLog> OpenForWriting(const std::string& path, uint64_t max_file_bytes) {
  TUNEFARM_ASSIGN_OR_RETURN(const LogPath log_path, Resolve(path));
  if (log_path.exists) TUNEFARM_RETURN_IF_ERROR(CheckMagic(log_path));
  WritableLog log;
  TUNEFARM_ASSIGN_OR_RETURN(log.lock, WriterLock::Acquire(log_path.path));
  TUNEFARM_ASSIGN_OR_RETURN(log.connection,
                            Connection::Open(log_path.path, ConnectionMode::kReadWriteCreate));
  if (log.connection->read_only()) {
    return absl::PermissionDeniedError(
        absl::StrFormat("cannot write tuning log %s: the file is read-only", log_path.path));
  }
  Connection& connection = *log.connection;
  // A log that must not be touched (newer, damaged, another program's) is found out before the
  // first write, which is the switch to WAL.
  TUNEFARM_RETURN_IF_ERROR(CheckCanPrepare(connection));
  // NORMAL: a commit survives the death of the process at once, and a power cut from the next
  // checkpoint on; the file stays sound either way.
  TUNEFARM_RETURN_IF_ERROR(
      connection.Execute("PRAGMA journal_mode = WAL; "
                         "PRAGMA synchronous = NORMAL; "
                         "PRAGMA foreign_keys = ON; "
                         "PRAGMA trusted_schema = OFF"));
  TUNEFARM_RETURN_IF_ERROR(PrepareSchema(connection));
  TUNEFARM_RETURN_IF_ERROR(LimitSize(connection, max_file_bytes));
  return log;
}

absl::StatusOr<std::unique_ptr<Connection>> OpenForReading(const std::string& path) {
  TUNEFARM_ASSIGN_OR_RETURN(const LogPath log, Resolve(path));
  if (!log.exists)
    return absl::NotFoundError(absl::StrFormat("there is no tuning log %s", log.path));
  TUNEFARM_RETURN_IF_ERROR(CheckMagic(log));
  const ConnectionMode mode =
      MustBeReadAlone(log.path) ? ConnectionMode::kImmutable : ConnectionMode::kReadOnly;
  TUNEFARM_ASSIGN_OR_RETURN(std::unique_ptr<Connection> connection,
                            Connection::Open(log.path, mode));
  TUNEFARM_RETURN_IF_ERROR(CheckSchema(*connection));
  TUNEFARM_RETURN_IF_ERROR(connection->Execute("PRAGMA query_only = ON"));
  return connection;
}

}  // namespace tunefarm::db
