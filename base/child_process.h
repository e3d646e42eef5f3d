// A child process that cannot outlive this one: builders, and the tracker and agent of a local
// farm.
//
// The child gets a process group of its own (Ctrl-C at the terminal reaches only the tuner, which
// ends its children in order), no file descriptors but the given ones, and SIGKILL when this
// process dies, however it dies. What it writes to stderr is kept in memory, so that its last words
// can be part of an error message.
#ifndef TUNEFARM_BASE_CHILD_PROCESS_H_
#define TUNEFARM_BASE_CHILD_PROCESS_H_

#include <sys/types.h>

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/unique_fd.h"

namespace tunefarm::base {

struct ChildSpec {
  std::string program;            // Path of the executable.
  std::vector<std::string> args;  // Without the program's name.
  int stdout_fd = -1;             // Becomes its stdout; -1: /dev/null.
  int extra_fd = -1;              // Becomes its descriptor kExtraFd; -1: none.
};

class ChildProcess {
 public:
  static constexpr int kExtraFd = 3;

  // Errors: kInternal with the operating system's reason. A program that cannot be executed ends at
  // once with exit code 127 and says why in LastWords.
  static absl::StatusOr<ChildProcess> Spawn(const ChildSpec& spec);

  ChildProcess(ChildProcess&& other) noexcept;
  ChildProcess& operator=(ChildProcess&& other) noexcept;
  // Kills and reaps it.
  ~ChildProcess();

  pid_t pid() const { return pid_; }
  // Sends a signal; nothing once it has been reaped.
  void Signal(int signal);
  // False: it has ended and been reaped; Wait tells how.
  bool IsRunning();
  // Waits for its end, reaps it and says how it ended: "exit code 1", "signal 6 (Aborted)". Again:
  // the same.
  std::string Wait();
  // How many bytes it wrote to stderr so far.
  size_t ErrorSize() const;
  // What it wrote to stderr so far, the last 64 KiB at most.
  std::string ErrorText() const;
  // The last line of that; "" if none.
  std::string LastWords() const;

 private:
  ChildProcess(pid_t pid, UniqueFd stderr_fd) : pid_(pid), stderr_(std::move(stderr_fd)) {}

  std::string Reap(int flags);

  pid_t pid_ = -1;
  std::string ended_;  // Empty until reaped.
  UniqueFd stderr_;    // A file in memory.
};

}  // namespace tunefarm::base

#endif  // TUNEFARM_BASE_CHILD_PROCESS_H_
