// Opening the file of a tuning log: every way in which that can go wrong becomes one clear line
// here, before anything is written. Internal to db.
#ifndef TUNEFARM_DB_LOG_FILE_H_
#define TUNEFARM_DB_LOG_FILE_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "db/sqlite.h"
#include "db/writer_lock.h"

namespace tunefarm::db {

struct WritableLog {
  std::unique_ptr<WriterLock> lock;        // Outlives the connection: hence first.
  std::unique_ptr<Connection> connection;  // In WAL mode, schema current.
};

// Errors: see TuningLog::Open.
absl::StatusOr<WritableLog> OpenForWriting(const std::string& path, uint64_t max_file_bytes);

// Also opens a log in a read-only folder.
absl::StatusOr<std::unique_ptr<Connection>> OpenForReading(const std::string& path);

}  // namespace tunefarm::db

#endif  // TUNEFARM_DB_LOG_FILE_H_
