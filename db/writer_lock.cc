#include "db/writer_lock.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <set>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "base/mutex.h"

namespace tunefarm::db {
namespace {

// fcntl locks do not exclude a second holder in the same process, and closing any descriptor of the
// file drops them: so this process never opens a lock file that it holds.
base::Mutex held_mutex;
std::set<std::string>& HeldPaths() ABSL_EXCLUSIVE_LOCKS_REQUIRED(held_mutex) {
  static auto* const paths = new std::set<std::string>;
  return *paths;
}

std::string HostName() {
  char name[256] = "unknown host";
  gethostname(name, sizeof(name) - 1);
  return name;
}

absl::Status ErrnoStatus(int error, const std::string& what) {
  const std::string text = absl::StrFormat("%s: %s", what, std::strerror(error));
  switch (error) {
    case EACCES:
    case EPERM:
    case EROFS:
      return absl::PermissionDeniedError(text);
    case ENOSPC:
    case EDQUOT:
      return absl::ResourceExhaustedError(text);
    case ENOENT:
    case ENOTDIR:
      return absl::NotFoundError(text);
    default:
      return absl::UnavailableError(text);
  }
}

absl::Status HeldBy(const std::string& log_path, const std::string& holder) {
  return absl::UnavailableError(absl::StrFormat(
      "%s is being written by process %s; one process writes a log at a time", log_path, holder));
}

// "1234 on host", from the lock file and, for the process number, from the kernel.
std::string Holder(int fd, pid_t pid) {
  char text[320] = "";
  const ssize_t size = pread(fd, text, sizeof(text) - 1, 0);
  if (size <= 0) return absl::StrFormat("%d", pid);
  return std::string(text, static_cast<size_t>(size));
}

bool IsStillNamed(const std::string& path, int fd) {
  struct stat open_file, named_file;
  return fstat(fd, &open_file) == 0 && stat(path.c_str(), &named_file) == 0 &&
         open_file.st_dev == named_file.st_dev && open_file.st_ino == named_file.st_ino;
}

// A locked descriptor of `path`, which names the file still.
absl::StatusOr<int> LockFile(const std::string& log_path, const std::string& path) {
  while (true) {
    const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (fd < 0) {
      const int error = errno;
      return ErrnoStatus(error, absl::StrFormat("cannot write %s: lock file %s", log_path, path));
    }
    struct flock lock = {};
    lock.l_type = F_WRLCK;
    lock.l_whence = SEEK_SET;
    if (fcntl(fd, F_SETLK, &lock) == 0) {
      if (IsStillNamed(path, fd)) return fd;
      close(fd);  // Its last holder removed it between our open and our lock: take the new one.
      continue;
    }
    const int error = errno;
    absl::Status status = ErrnoStatus(error, absl::StrFormat("cannot lock %s", path));
    if (error == EACCES || error == EAGAIN) {
      const bool known = fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
      status = HeldBy(log_path, Holder(fd, known ? lock.l_pid : 0));
    }
    close(fd);
    return status;
  }
}

}  // namespace

absl::StatusOr<std::unique_ptr<WriterLock>> WriterLock::Acquire(const std::string& log_path) {
  const std::string path = log_path + ".lock";
  const std::string self = absl::StrFormat("%d on %s", getpid(), HostName());
  base::MutexLock lock(&held_mutex);
  if (HeldPaths().count(path) != 0) return HeldBy(log_path, self + " (this one)");
  absl::StatusOr<int> fd = LockFile(log_path, path);
  if (!fd.ok()) return fd.status();
  // The text is for people only; a disk too full for it does not make the lock less.
  if (ftruncate(*fd, 0) == 0) (void)!pwrite(*fd, self.data(), self.size(), 0);
  HeldPaths().insert(path);
  return std::unique_ptr<WriterLock>(new WriterLock(path, *fd));
}

WriterLock::~WriterLock() {
  base::MutexLock lock(&held_mutex);
  // Removed while still locked: whoever opened it meanwhile sees that it lost its name.
  unlink(path_.c_str());
  close(fd_);
  HeldPaths().erase(path_);
}

}  // namespace tunefarm::db
