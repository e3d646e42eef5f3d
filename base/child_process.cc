#include "base/child_process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_format.h"
#include "base/mutex.h"

namespace tunefarm::base {
namespace {

constexpr int kCannotExecute = 127;
constexpr size_t kMostErrorBytes = size_t{64} << 10;

// What the child needs after fork, allocated before it.
struct Prepared {
  const char* program;
  char* const* argv;
  int stdout_fd, stderr_fd, extra_fd;
  pid_t parent;
};

[[noreturn]] void Fail(const char* what) {
  const char* reason = strerrordesc_np(errno);
  for (const char* part : {what, ": ", reason != nullptr ? reason : "unknown error", "\n"}) {
    if (write(STDERR_FILENO, part, strlen(part)) < 0) break;
  }
  _exit(kCannotExecute);
}

// Runs between fork and exec of a process with threads: only async-signal-safe calls.
[[noreturn]] void BecomeChild(const Prepared& prepared) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != prepared.parent)
    _exit(kCannotExecute);  // The parent died before the line above.
  setpgid(0, 0);
  signal(SIGPIPE, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  // Numbers above those of the final descriptors, so that no dup2 below overwrites a source.
  const int out = fcntl(prepared.stdout_fd, F_DUPFD_CLOEXEC, ChildProcess::kExtraFd + 1);
  const int err = fcntl(prepared.stderr_fd, F_DUPFD_CLOEXEC, ChildProcess::kExtraFd + 1);
  const int extra = fcntl(prepared.extra_fd, F_DUPFD_CLOEXEC, ChildProcess::kExtraFd + 1);
  if (dup2(err, STDERR_FILENO) < 0) _exit(kCannotExecute);
  const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  if (null < 0) Fail("open /dev/null");
  if (dup2(null, STDIN_FILENO) < 0) Fail("dup2 stdin");
  if (dup2(out >= 0 ? out : null, STDOUT_FILENO) < 0) Fail("dup2 stdout");
  int first_closed = ChildProcess::kExtraFd;
  if (extra >= 0) {
    if (dup2(extra, ChildProcess::kExtraFd) < 0) Fail("dup2 descriptor 3");
    ++first_closed;
  }
  close_range(static_cast<unsigned>(first_closed), ~0U, 0);
  execv(prepared.program, prepared.argv);
  Fail(prepared.program);
}

// PR_SET_PDEATHSIG fires when the *thread* that forked ends. This one never does.
class Spawner {
 public:
  static Spawner& Get() {
    static Spawner* const spawner = new Spawner;
    return *spawner;
  }

  pid_t Fork(const Prepared& prepared) ABSL_LOCKS_EXCLUDED(callers_, mutex_) {
    MutexLock one_at_a_time(&callers_);
    MutexLock lock(&mutex_);
    request_ = &prepared;
    changed_.NotifyAll();
    while (request_ != nullptr) changed_.Wait(&mutex_);
    errno = errno_;
    return pid_;
  }

 private:
  Spawner() {
    std::thread([this] { Run(); }).detach();
  }

  [[noreturn]] void Run() ABSL_LOCKS_EXCLUDED(mutex_) {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, nullptr);  // Signals are for the tuner's own threads.
    MutexLock lock(&mutex_);
    while (true) {
      while (request_ == nullptr) changed_.Wait(&mutex_);
      pid_ = fork();
      if (pid_ == 0) BecomeChild(*request_);
      errno_ = errno;
      request_ = nullptr;
      changed_.NotifyAll();
    }
  }

  Mutex callers_;
  Mutex mutex_;
  CondVar changed_;  // request_
  const Prepared* request_ ABSL_GUARDED_BY(mutex_) = nullptr;
  pid_t pid_ ABSL_GUARDED_BY(mutex_) = -1;
  int errno_ ABSL_GUARDED_BY(mutex_) = 0;
};

std::string Describe(int status) {
  if (WIFSIGNALED(status)) {
    const char* name = strsignal(WTERMSIG(status));
    return absl::StrFormat("signal %d (%s)", WTERMSIG(status), name != nullptr ? name : "?");
  }
  return absl::StrFormat("exit code %d", WEXITSTATUS(status));
}

}  // namespace

absl::StatusOr<ChildProcess> ChildProcess::Spawn(const ChildSpec& spec) {
  UniqueFd captured(memfd_create("stderr", MFD_CLOEXEC));
  if (!captured.valid() || fcntl(captured.get(), F_SETFL, O_APPEND) < 0) {
    return absl::InternalError(
        absl::StrFormat("start %s: memfd_create: %s", spec.program, strerror(errno)));
  }
  std::vector<std::string> texts = {spec.program};
  texts.insert(texts.end(), spec.args.begin(), spec.args.end());
  std::vector<char*> argv;
  for (std::string& text : texts) argv.push_back(text.data());
  argv.push_back(nullptr);
  const Prepared prepared = {spec.program.c_str(), argv.data(),   spec.stdout_fd,
                             captured.get(),       spec.extra_fd, getpid()};
  const pid_t pid = Spawner::Get().Fork(prepared);
  if (pid < 0) {
    return absl::InternalError(
        absl::StrFormat("start %s: fork: %s", spec.program, strerror(errno)));
  }
  return ChildProcess(pid, std::move(captured));
}

ChildProcess::ChildProcess(ChildProcess&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      ended_(std::move(other.ended_)),
      stderr_(std::move(other.stderr_)) {}

ChildProcess& ChildProcess::operator=(ChildProcess&& other) noexcept {
  std::swap(pid_, other.pid_);
  std::swap(ended_, other.ended_);
  std::swap(stderr_, other.stderr_);
  return *this;
}

ChildProcess::~ChildProcess() {
  Signal(SIGKILL);
  Wait();
}

void ChildProcess::Signal(int signal) {
  if (pid_ > 0 && ended_.empty()) kill(pid_, signal);
}

bool ChildProcess::IsRunning() { return pid_ > 0 && Reap(WNOHANG).empty(); }

std::string ChildProcess::Wait() { return pid_ > 0 ? Reap(0) : ended_; }

// How it ended; "" where it runs and `flags` do not wait.
std::string ChildProcess::Reap(int flags) {
  while (ended_.empty()) {
    int status = 0;
    const pid_t reaped = waitpid(pid_, &status, flags);
    if (reaped == 0) break;
    if (reaped > 0) {
      ended_ = Describe(status);
    } else if (errno != EINTR) {
      ended_ = "an end that nobody saw";
    }
  }
  return ended_;
}

size_t ChildProcess::ErrorSize() const {
  return static_cast<size_t>(std::max<off_t>(0, lseek(stderr_.get(), 0, SEEK_END)));
}

std::string ChildProcess::ErrorText() const {
  const size_t size = ErrorSize();
  std::string text(std::min(size, kMostErrorBytes), '\0');
  const ssize_t got =
      pread(stderr_.get(), text.data(), text.size(), static_cast<off_t>(size - text.size()));
  text.resize(got > 0 ? static_cast<size_t>(got) : 0);
  return text;
}

std::string ChildProcess::LastWords() const {
  std::string text = ErrorText();
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text.substr(text.rfind('\n') + 1);
}

}  // namespace tunefarm::base
