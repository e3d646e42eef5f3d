#include "device_agent/self_test.h"

#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <optional>

#include "absl/strings/str_format.h"
#include "base/status.h"
#include "device_agent/device/device_info.h"
#include "device_agent/device/device_state.h"
#include "device_agent/sandbox/guarded_buffer.h"
#include "device_agent/sandbox/seccomp_filter.h"

namespace tunefarm::device_agent {
namespace {

constexpr absl::Duration kTrackerPatience = absl::Seconds(10);
constexpr uint64_t kScantMemoryBytes = uint64_t{256} << 20;

CheckLine CheckGovernor(const SystemFiles& files, int core) {
  const std::string path =
      absl::StrFormat("/sys/devices/system/cpu/cpu%d/cpufreq/scaling_governor", core);
  const std::optional<std::string> governor = files.Line(path);
  if (!governor) {
    return {Finding::kWarning, "governor",
            absl::StrFormat("core %d does not tell its frequency (no cpufreq): a change of it will "
                            "look like a change of the kernel",
                            core)};
  }
  if (*governor != "performance") {
    return {
        Finding::kWarning, "governor",
        absl::StrFormat("core %d runs under \"%s\", its frequency moves while kernels are timed; "
                        "as root: echo performance > %s",
                        core, *governor, path)};
  }
  return {Finding::kOk, "governor", absl::StrFormat("core %d runs under \"performance\"", core)};
}

CheckLine CheckThermal(const SystemFiles& files, int core) {
  const v1::DeviceState state = DeviceStateReader(files, core).Read();
  if (!state.has_temperature_millicelsius()) {
    return {
        Finding::kWarning, "thermal",
        "no sensor of the processor can be read: a hot board cannot be told from a slow kernel"};
  }
  return {Finding::kOk, "thermal",
          absl::StrFormat("the processor has %.1f C", state.temperature_millicelsius() / 1000.0)};
}

CheckLine CheckCounters(const SystemFiles& files) {
  const std::optional<int64_t> paranoid = files.Number("/proc/sys/kernel/perf_event_paranoid");
  if (!paranoid) {
    return {Finding::kWarning, "perf", "this kernel has no performance counters (perf_event)"};
  }
  if (*paranoid > 2) {
    return {
        Finding::kWarning, "perf",
        absl::StrFormat("performance counters are for root only (perf_event_paranoid is %d); as "
                        "root: sysctl kernel.perf_event_paranoid=2",
                        *paranoid)};
  }
  return {Finding::kOk, "perf",
          absl::StrFormat("own processes may be counted (perf_event_paranoid is %d)", *paranoid)};
}

CheckLine CheckMemory(const SystemFiles& files) {
  const uint64_t num_bytes = ReadDeviceInfo(files).memory_bytes();
  const std::string text = absl::StrFormat("%u MiB of memory", num_bytes >> 20);
  if (num_bytes < kScantMemoryBytes) {
    return {
        Finding::kWarning, "memory",
        text + ": large layers will end as out_of_memory; --memory-limit sets what they may take"};
  }
  return {Finding::kOk, "memory", text};
}

// In a child: the filter is for good. It ends by the bare system call: before _exit,
// AddressSanitizer makes one that the filter forbids.
CheckLine CheckSeccomp() {
  const pid_t child = fork();
  if (child == 0) syscall(SYS_exit_group, ShutSandbox().ok() ? 0 : 1);
  int status = 0;
  while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (child < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    return {Finding::kFailure, "seccomp",
            "this system has no system-call filters, so kernels would not be held; "
            "--without-seccomp accepts that (emulators only)"};
  }
  return {Finding::kOk, "seccomp", "kernels are held by a system-call filter"};
}

CheckLine CheckCodePages() {
  void* page =
      mmap(nullptr, PageBytes(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  const bool allowed =
      page != MAP_FAILED && mprotect(page, PageBytes(), PROT_READ | PROT_EXEC) == 0;
  if (page != MAP_FAILED) munmap(page, PageBytes());
  if (!allowed) {
    return {
        Finding::kFailure, "code",
        "this process may not make pages executable (SELinux, MemoryDenyWriteExecute): no kernel "
        "can be loaded"};
  }
  return {Finding::kOk, "code", "kernels can be loaded"};
}

CheckLine CheckTracker(const AgentOptions& options) {
  const absl::Status status = ProbeTracker(options, kTrackerPatience);
  if (status.ok()) {
    return {
        Finding::kOk, "tracker",
        absl::StrFormat("%s welcomes this agent as %s", options.tracker, options.device.name())};
  }
  return {Finding::kFailure, "tracker",
          absl::StrFormat("%s: %s", options.tracker, base::OneLine(status))};
}

}  // namespace

std::vector<CheckLine> CheckSystem(const SystemFiles& files, int core) {
  return {CheckGovernor(files, core), CheckThermal(files, core), CheckCounters(files),
          CheckMemory(files)};
}

std::vector<CheckLine> CheckAbilities(const AgentOptions& options, bool use_seccomp) {
  std::vector<CheckLine> lines;
  if (use_seccomp) {
    lines.push_back(CheckSeccomp());
  } else {
    lines.push_back(
        {Finding::kWarning, "seccomp", "switched off: kernels are held by limits alone"});
  }
  lines.push_back(CheckCodePages());
  lines.push_back(CheckTracker(options));
  return lines;
}

bool PrintFindings(const std::vector<CheckLine>& lines) {
  bool good = true;
  for (const CheckLine& line : lines) {
    const char* mark = line.finding == Finding::kOk        ? "ok"
                       : line.finding == Finding::kWarning ? "warn"
                                                           : "fail";
    std::printf("%-5s %-9s %s\n", mark, line.subject.c_str(), line.text.c_str());
    good = good && line.finding != Finding::kFailure;
  }
  return good;
}

}  // namespace tunefarm::device_agent
