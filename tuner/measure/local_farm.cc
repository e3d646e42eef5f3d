#include "tuner/measure/local_farm.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "base/clock.h"
#include "base/status.h"

namespace tunefarm::tuner {
namespace {

constexpr char kListening[] = "listening on ";

// The first line from `fd`; "" if it was closed before there was one. Errors: kDeadlineExceeded.
absl::StatusOr<std::string> ReadLine(int fd, absl::Duration timeout) {
  std::string line;
  const absl::Duration end = base::RealClock().SteadyNow() + timeout;
  while (true) {
    const absl::Duration left = end - base::RealClock().SteadyNow();
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

absl::StatusOr<std::string> OwnDirectory() {
  std::error_code error;
  const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", error);
  if (error) {
    return absl::InternalError(absl::StrFormat("read /proc/self/exe: %s", error.message()));
  }
  return self.parent_path().string();
}

}  // namespace

absl::StatusOr<LocalFarm::Program> LocalFarm::StartProgram(const std::string& bin_dir,
                                                           const std::string& name,
                                                           const std::vector<std::string>& args,
                                                           absl::Duration timeout) {
  ChildSpec spec;
  spec.program = bin_dir + "/" + name;
  spec.args = args;
  if (access(spec.program.c_str(), X_OK) != 0) {
    return absl::NotFoundError(
        absl::StrFormat("%s is needed for a local device: %s", spec.program, strerror(errno)));
  }
  std::array<int, 2> ends;
  if (pipe2(ends.data(), O_CLOEXEC) != 0) {
    return absl::InternalError(absl::StrFormat("start %s: pipe: %s", name, strerror(errno)));
  }
  UniqueFd ours(ends[0]);
  UniqueFd theirs(ends[1]);
  spec.stdout_fd = theirs.get();
  TUNEFARM_ASSIGN_OR_RETURN(ChildProcess process, ChildProcess::Spawn(spec));
  theirs.Close();
  Program program = {name, std::move(process), std::move(ours), ""};
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

absl::Status LocalFarm::EndedError(Program* program) {
  const std::string ended = program->process.Wait();
  const std::string words = program->process.LastWords();
  return absl::UnavailableError(absl::StrFormat("%s ended by %s%s%s", program->name, ended,
                                                words.empty() ? "" : ": ", words));
}

absl::StatusOr<std::unique_ptr<LocalFarm>> LocalFarm::Start(const LocalFarmOptions& options) {
  std::string bin_dir = options.bin_dir;
  if (bin_dir.empty()) {
    TUNEFARM_ASSIGN_OR_RETURN(bin_dir, OwnDirectory());
  }
  TUNEFARM_ASSIGN_OR_RETURN(
      Program tracker,
      StartProgram(bin_dir, "tuner-tracker", {"--listen", "127.0.0.1:0"}, options.start_timeout));
  if (!tracker.ready_line.starts_with(kListening)) {
    return absl::UnavailableError(
        absl::StrFormat("tuner-tracker says \"%s\", not where it listens", tracker.ready_line));
  }
  const std::string host_port = tracker.ready_line.substr(sizeof(kListening) - 1);
  // It says that it is connected once the tracker has welcomed it.
  TUNEFARM_ASSIGN_OR_RETURN(Program agent, StartProgram(bin_dir, "tuner-agent",
                                                        {"--tracker", host_port, "--name",
                                                         options.device_name, "--die-with-parent"},
                                                        options.start_timeout));
  return std::unique_ptr<LocalFarm>(new LocalFarm(std::move(tracker), std::move(agent), host_port));
}

LocalFarm::LocalFarm(Program tracker, Program agent, std::string host_port)
    : host_port_(std::move(host_port)), tracker_(std::move(tracker)), agent_(std::move(agent)) {}

LocalFarm::~LocalFarm() = default;

absl::Status LocalFarm::CheckHealth() {
  base::MutexLock lock(&mutex_);
  for (Program* program : {&tracker_, &agent_}) {
    if (!program->process.IsRunning()) return EndedError(program);
  }
  return absl::OkStatus();
}

}  // namespace tunefarm::tuner
