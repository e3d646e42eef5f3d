#include "base/ready_program.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include "absl/strings/str_format.h"
#include "base/clock.h"
#include "base/status.h"

namespace tunefarm::base {
namespace {

// The first line from `fd`; "" if it was closed before there was one. Errors: kDeadlineExceeded.
absl::StatusOr<std::string> ReadLine(int fd, absl::Duration timeout) {
  std::string line;
  const absl::Duration end = RealClock().SteadyNow() + timeout;
  while (true) {
    const absl::Duration left = end - RealClock().SteadyNow();
    pollfd polled = {fd, POLLIN, 0};
    if (left <= absl::ZeroDuration() ||
        poll(&polled, 1, static_cast<int>(absl::ToInt64Milliseconds(left)) + 1) == 0) {
      return absl::DeadlineExceededError("no line in time");
    }
    char c = 0;
    const ssize_t n = read(fd, &c, 1);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return std::string();
    if (c == '\n') return line;
    line.push_back(c);
  }
}

}  // namespace

absl::StatusOr<std::string> OwnDirectory() {
  std::error_code error;
  const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", error);
  if (error) {
    return absl::InternalError(absl::StrFormat("read /proc/self/exe: %s", error.message()));
  }
  return self.parent_path().string();
}

absl::StatusOr<ReadyProgram> StartProgram(const std::string& path,
                                          const std::vector<std::string>& args,
                                          absl::Duration timeout) {
  ChildSpec spec;
  spec.program = path;
  spec.args = args;
  if (access(path.c_str(), X_OK) != 0) {
    return absl::NotFoundError(absl::StrFormat("cannot run %s: %s", path, strerror(errno)));
  }
  const std::string name = std::filesystem::path(path).filename().string();
  std::array<int, 2> ends;
  if (pipe2(ends.data(), O_CLOEXEC) != 0) {
    return absl::InternalError(absl::StrFormat("start %s: pipe: %s", name, strerror(errno)));
  }
  UniqueFd ours(ends[0]);
  UniqueFd theirs(ends[1]);
  spec.stdout_fd = theirs.get();
  TUNEFARM_ASSIGN_OR_RETURN(ChildProcess process, ChildProcess::Spawn(spec));
  theirs.Close();
  ReadyProgram program = {name, std::move(process), std::move(ours), ""};
  const absl::StatusOr<std::string> line = ReadLine(program.out.get(), timeout);
  if (!line.ok()) {
    return absl::UnavailableError(absl::StrFormat("%s is not ready after %s: %s", name,
                                                  absl::FormatDuration(timeout),
                                                  program.process.LastWords()));
  }
  if (line->empty()) return EndedError(&program);
  program.ready_line = *line;
  return program;
}

absl::Status EndedError(ReadyProgram* program) {
  const std::string ended = program->process.Wait();
  const std::string words = program->process.LastWords();
  return absl::UnavailableError(absl::StrFormat("%s ended by %s%s%s", program->name, ended,
                                                words.empty() ? "" : ": ", words));
}

}  // namespace tunefarm::base
