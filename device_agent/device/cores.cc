#include "device_agent/device/cores.h"

#include <sched.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "absl/strings/str_format.h"

namespace tunefarm::device_agent {

std::vector<int> AllowedCores() {
  std::vector<int> cores;
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof(set), &set) != 0) return {0};
  for (int core = 0; core < CPU_SETSIZE; ++core) {
    if (CPU_ISSET(static_cast<size_t>(core), &set)) cores.push_back(core);
  }
  return cores;
}

absl::StatusOr<std::vector<int>> MeasuringCores(int first) {
  std::vector<int> cores = AllowedCores();
  std::reverse(cores.begin(), cores.end());
  if (first < 0) return cores;
  const auto chosen = std::find(cores.begin(), cores.end(), first);
  if (chosen == cores.end()) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "core %d is not among the %u cores this process may use", first, cores.size()));
  }
  std::rotate(cores.begin(), chosen, chosen + 1);
  return cores;
}

absl::Status PinToCore(int core) {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (core < 0 || core >= CPU_SETSIZE) {
    return absl::InvalidArgumentError(
        absl::StrFormat("core %d is not in [0, %d)", core, CPU_SETSIZE));
  }
  CPU_SET(static_cast<size_t>(core), &set);
  if (sched_setaffinity(0, sizeof(set), &set) != 0) {
    return absl::InternalError(
        absl::StrFormat("pinning to core %d: %s", core, std::strerror(errno)));
  }
  return absl::OkStatus();
}

}  // namespace tunefarm::device_agent
