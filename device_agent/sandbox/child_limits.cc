#include "device_agent/sandbox/child_limits.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "absl/strings/str_format.h"
#include "base/status.h"
#include "device_agent/sandbox/errno_status.h"
#include "device_agent/sandbox/guarded_buffer.h"

namespace tunefarm::device_agent {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kLimitAddressSpace = false;
#else
constexpr bool kLimitAddressSpace = true;
#endif

// `Resource` is an enum in glibc's C++ and an int elsewhere.
template <typename Resource>
absl::Status Limit(Resource resource, const char* name, uint64_t value) {
  const rlimit limit = {.rlim_cur = value, .rlim_max = value};
  if (setrlimit(resource, &limit) != 0) {
    return ErrnoStatus(absl::StrFormat("limiting %s to %u", name, value));
  }
  return absl::OkStatus();
}

absl::StatusOr<uint64_t> MappedBytes() {
  std::FILE* file = std::fopen("/proc/self/statm", "re");
  if (file == nullptr) return ErrnoStatus("opening /proc/self/statm");
  unsigned long pages = 0;
  const int num_read = std::fscanf(file, "%lu", &pages);
  std::fclose(file);
  if (num_read != 1) return absl::InternalError("/proc/self/statm has no number");
  return pages * PageBytes();
}

// The memory killer shall take the candidate, not the agent. Best effort: some systems have none.
void VolunteerForMemoryKiller() {
  const int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
  if (fd < 0) return;
  if (write(fd, "1000", 4) != 4) errno = 0;
  close(fd);
}

}  // namespace

absl::Status ApplyLimits(const ChildLimits& limits) {
  VolunteerForMemoryKiller();
  if (kLimitAddressSpace) {
    TUNEFARM_ASSIGN_OR_RETURN(const uint64_t mapped_bytes, MappedBytes());
    TUNEFARM_RETURN_IF_ERROR(
        Limit(RLIMIT_AS, "address space", mapped_bytes + limits.address_space_bytes));
  }
  TUNEFARM_RETURN_IF_ERROR(Limit(RLIMIT_CPU, "CPU seconds", limits.cpu_seconds));
  TUNEFARM_RETURN_IF_ERROR(Limit(RLIMIT_STACK, "stack", limits.stack_bytes));
  TUNEFARM_RETURN_IF_ERROR(Limit(RLIMIT_CORE, "core dumps", 0));
  return Limit(RLIMIT_FSIZE, "file size", 0);
}

absl::Status LeaveRunner(pid_t runner) {
  if (setpgid(0, 0) != 0) return ErrnoStatus("setpgid");
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) return ErrnoStatus("prctl(PDEATHSIG)");
  // The runner may have died before the request above.
  if (getppid() != runner) return absl::InternalError("the runner is gone");
  return absl::OkStatus();
}

void EnterEmptyFolder() {
  char name[] = "/tmp/tuner-runner-XXXXXX";
  const bool entered = mkdtemp(name) != nullptr && chdir(name) == 0;
  if (entered && rmdir(name) == 0) return;
  // A phone has no /tmp.
  if (chdir("/") != 0) errno = 0;
}

absl::Status GiveUpFiles(std::vector<int> keep) {
  const auto close_between = [](unsigned first, unsigned last) {
    if (first > last || syscall(SYS_close_range, first, last, 0u) == 0) return;
    // Linux before 5.9. The runner opens few descriptors and the lowest number is always taken.
    for (unsigned fd = first; fd <= std::min(last, 1023u); ++fd) close(static_cast<int>(fd));
  };
  std::sort(keep.begin(), keep.end());
  unsigned next = 0;
  for (const int fd : keep) {
    if (fd > 0) close_between(next, static_cast<unsigned>(fd) - 1);
    next = static_cast<unsigned>(fd) + 1;
  }
  close_between(next, ~0u);
  return Limit(RLIMIT_NOFILE, "open files", 0);
}

}  // namespace tunefarm::device_agent
