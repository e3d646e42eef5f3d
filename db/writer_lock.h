// One writer per tuning log: an advisory lock on `<log>.lock`, held from open to close. Internal to
// db.
//
// The lock is the process's (fcntl), so the kernel drops it when the process dies however it dies,
// and a forked child (a runner, a builder) does not keep a dead writer's log locked.
#ifndef TUNEFARM_DB_WRITER_LOCK_H_
#define TUNEFARM_DB_WRITER_LOCK_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace tunefarm::db {

class WriterLock {
 public:
  // `log_path` must be absolute; its folder must exist. Errors: UNAVAILABLE (somebody writes the
  // log: says which process on which host), PERMISSION_DENIED (read-only folder),
  // RESOURCE_EXHAUSTED (disk full).
  static absl::StatusOr<std::unique_ptr<WriterLock>> Acquire(const std::string& log_path);
  WriterLock(const WriterLock&) = delete;
  WriterLock& operator=(const WriterLock&) = delete;
  // Removes the lock file.
  ~WriterLock();

 private:
  WriterLock(std::string path, int fd) : path_(std::move(path)), fd_(fd) {}
  const std::string path_;
  const int fd_;
};

}  // namespace tunefarm::db

#endif  // TUNEFARM_DB_WRITER_LOCK_H_
