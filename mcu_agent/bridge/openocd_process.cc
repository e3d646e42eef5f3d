#include "mcu_agent/bridge/openocd_process.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "base/clock.h"
#include "base/status.h"

namespace tunefarm::mcu_agent {
namespace {

constexpr absl::Duration kPollInterval = absl::Milliseconds(2);
constexpr absl::Duration kVersionTimeout = absl::Seconds(5);
constexpr int kOldestMajor = 0;
constexpr int kOldestMinor = 12;

absl::Duration SteadyNow() { return base::RealClock().SteadyNow(); }

absl::StatusOr<std::string> FindProgram(const std::string& program) {
  std::vector<std::string> paths;
  if (program.find('/') != std::string::npos) {
    paths.push_back(program);
  } else {
    const char* path = getenv("PATH");
    const std::vector<std::string> folders = absl::StrSplit(path != nullptr ? path : "", ':');
    for (const std::string& folder : folders) paths.push_back(folder + "/" + program);
  }
  for (const std::string& path : paths) {
    if (access(path.c_str(), X_OK) == 0) return path;
  }
  return absl::NotFoundError(absl::StrFormat(
      "OpenOCD is not there: no executable \"%s\"; install it (Debian: apt install openocd)",
      program));
}

// Waits until `child` has ended.
absl::Status AwaitEnd(base::ChildProcess* child, absl::Duration timeout) {
  const absl::Duration deadline = SteadyNow() + timeout;
  while (child->IsRunning()) {
    if (SteadyNow() >= deadline) return absl::DeadlineExceededError("it does not end");
    poll(nullptr, 0, static_cast<int>(absl::ToInt64Milliseconds(kPollInterval)));
  }
  return absl::OkStatus();
}

absl::Status CheckVersion(const std::string& path) {
  base::ChildSpec spec;
  spec.program = path;
  spec.args = {"--version"};
  TUNEFARM_ASSIGN_OR_RETURN(base::ChildProcess child, base::ChildProcess::Spawn(spec));
  TUNEFARM_RETURN_IF_ERROR(
      base::Annotate(AwaitEnd(&child, kVersionTimeout), absl::StrFormat("%s --version", path)));
  const std::string version = OpenOcdVersion(child.ErrorText());
  if (IsUsableVersion(version)) return absl::OkStatus();
  return absl::NotFoundError(
      absl::StrFormat("%s is version \"%s\", the bridge needs %d.%d or later", path, version,
                      kOldestMajor, kOldestMinor));
}

// The port in "Info : Listening on port 38981 for tcl connections"; 0 while it is not there.
uint16_t TclPort(const std::string& log) {
  static constexpr char kBefore[] = "Listening on port ";
  static constexpr char kAfter[] = " for tcl connections";
  const size_t after = log.find(kAfter);
  if (after == std::string::npos) return 0;
  const size_t before = log.rfind(kBefore, after);
  if (before == std::string::npos) return 0;
  const size_t begin = before + sizeof(kBefore) - 1;
  int port = 0;
  if (!absl::SimpleAtoi(log.substr(begin, after - begin), &port)) return 0;
  return port > 0 && port <= UINT16_MAX ? static_cast<uint16_t>(port) : 0;
}

std::string FirstError(const std::string& log) {
  const std::vector<std::string> lines = absl::StrSplit(log, '\n');
  for (const std::string& line : lines) {
    for (const char* mark : {"Error: ", "embedded:startup.tcl"}) {
      const size_t at = line.find(mark);
      if (at == std::string::npos) continue;
      return mark[0] == 'E' ? line.substr(at + strlen(mark)) : line.substr(at);
    }
  }
  return "";
}

absl::Status EndedError(base::ChildProcess* process) {
  const std::string ended = process->Wait();
  std::string why = FirstError(process->ErrorText());
  if (why.empty()) why = process->LastWords();
  return absl::UnavailableError(absl::StrFormat("OpenOCD ended by %s: %s", ended, why));
}

absl::StatusOr<uint16_t> AwaitPort(base::ChildProcess* process, absl::Duration deadline) {
  while (true) {
    const uint16_t port = TclPort(process->ErrorText());
    if (port != 0) return port;
    if (!process->IsRunning()) return EndedError(process);
    if (SteadyNow() >= deadline) {
      return absl::DeadlineExceededError(absl::StrFormat(
          "OpenOCD does not listen in time; its last words: %s", process->LastWords()));
    }
    poll(nullptr, 0, static_cast<int>(absl::ToInt64Milliseconds(kPollInterval)));
  }
}

// The port is open before the adapter is: the first answer comes when `init` is through.
absl::StatusOr<TclClient> FirstCall(uint16_t port, absl::Duration deadline) {
  const auto left = [deadline] { return std::max(deadline - SteadyNow(), absl::ZeroDuration()); };
  TUNEFARM_ASSIGN_OR_RETURN(TclClient tcl, TclClient::Connect(port, left()));
  TUNEFARM_RETURN_IF_ERROR(tcl.Call("version", left()).status());
  return tcl;
}

}  // namespace

std::string OpenOcdVersion(const std::string& version_output) {
  static constexpr char kName[] = "Open On-Chip Debugger ";
  const size_t at = version_output.find(kName);
  if (at == std::string::npos) return "";
  const size_t begin = at + sizeof(kName) - 1;
  const size_t end = version_output.find_first_of(" \r\n", begin);
  return version_output.substr(begin, end == std::string::npos ? end : end - begin);
}

bool IsUsableVersion(const std::string& version) {
  const std::vector<std::string> parts = absl::StrSplit(version, '.');
  int major = 0;
  int minor = 0;
  if (parts.size() < 2 || !absl::SimpleAtoi(parts[0], &major)) return false;
  // "12+dev-01234" and "12-rc1" are numbers that go on.
  if (!absl::SimpleAtoi(parts[1].substr(0, parts[1].find_first_not_of("0123456789")), &minor)) {
    return false;
  }
  return major > kOldestMajor || (major == kOldestMajor && minor >= kOldestMinor);
}

absl::StatusOr<std::unique_ptr<OpenOcdProcess>> OpenOcdProcess::Start(const OpenOcdSpec& spec) {
  const absl::Duration deadline = SteadyNow() + spec.start_timeout;
  TUNEFARM_ASSIGN_OR_RETURN(const std::string path, FindProgram(spec.program));
  TUNEFARM_RETURN_IF_ERROR(CheckVersion(path));
  base::ChildSpec child;
  child.program = path;
  for (const std::string command :
       {"bindto 127.0.0.1", "gdb_port disabled", "telnet_port disabled", "tcl_port 0"}) {
    child.args.insert(child.args.end(), {"-c", command});
  }
  for (const std::string& command : spec.commands) {
    child.args.insert(child.args.end(), {"-c", command});
  }
  TUNEFARM_ASSIGN_OR_RETURN(base::ChildProcess process, base::ChildProcess::Spawn(child));
  TUNEFARM_ASSIGN_OR_RETURN(const uint16_t port, AwaitPort(&process, deadline));
  absl::StatusOr<TclClient> tcl = FirstCall(port, deadline);
  if (!tcl.ok()) {
    // An end closes the port a moment before the process is gone.
    const bool ended =
        absl::IsUnavailable(tcl.status()) && AwaitEnd(&process, kVersionTimeout).ok();
    return ended ? EndedError(&process) : tcl.status();
  }
  // From here on only what goes wrong: the log lives in memory for as long as the agent does.
  TUNEFARM_RETURN_IF_ERROR(
      tcl->Call("debug_level 1", std::max(deadline - SteadyNow(), absl::ZeroDuration())).status());
  return std::unique_ptr<OpenOcdProcess>(new OpenOcdProcess(std::move(process), *std::move(tcl)));
}

size_t OpenOcdProcess::LogSize() const { return process_.ErrorSize(); }

std::string OpenOcdProcess::ErrorSince(size_t log_size) const {
  const std::string tail = process_.ErrorText();
  const size_t size = process_.ErrorSize();
  const size_t begin_of_tail = size - std::min(size, tail.size());
  return FirstError(log_size > begin_of_tail
                        ? tail.substr(std::min(log_size - begin_of_tail, tail.size()))
                        : tail);
}

}  // namespace tunefarm::mcu_agent
