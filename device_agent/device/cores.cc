#include "device_agent/device/cores.h"

#include <sched.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"

namespace tunefarm::device_agent {
namespace {

// What cores are compared by.
std::vector<uint64_t> Speeds(const std::vector<CoreFacts>& cores) {
  const bool told = std::all_of(cores.begin(), cores.end(),
                                [](const CoreFacts& core) { return core.capacity != 0; });
  std::vector<uint64_t> speeds;
  for (const CoreFacts& core : cores) {
    speeds.push_back(told ? core.capacity : core.max_frequency_hz);
  }
  return speeds;
}

std::vector<CoreFacts> Sorted(const std::vector<CoreFacts>& cores, bool slowest_first) {
  const std::vector<uint64_t> speeds = Speeds(cores);
  std::vector<size_t> order;
  for (size_t i = cores.size(); i-- > 0;) order.push_back(i);
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return slowest_first ? speeds[a] < speeds[b] : speeds[a] > speeds[b];
  });
  std::vector<CoreFacts> sorted;
  for (const size_t i : order) sorted.push_back(cores[i]);
  return sorted;
}

}  // namespace

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

std::vector<CoreFacts> ReadCoreFacts(const SystemFiles& files, const std::vector<int>& cores) {
  std::vector<CoreFacts> facts;
  for (const int core : cores) {
    const std::string directory = absl::StrFormat("/sys/devices/system/cpu/cpu%d", core);
    const int64_t capacity = files.Number(directory + "/cpu_capacity").value_or(0);
    const int64_t khz = files.Number(directory + "/cpufreq/cpuinfo_max_freq").value_or(0);
    facts.push_back({.index = core,
                     .capacity = static_cast<uint32_t>(std::max<int64_t>(capacity, 0)),
                     .max_frequency_hz = static_cast<uint64_t>(std::max<int64_t>(khz, 0)) * 1000});
  }
  return facts;
}

bool HasClusters(const std::vector<CoreFacts>& cores) {
  const std::vector<uint64_t> speeds = Speeds(cores);
  return std::adjacent_find(speeds.begin(), speeds.end(), std::not_equal_to<>()) != speeds.end();
}

absl::StatusOr<std::vector<CoreFacts>> MeasuringCores(std::vector<CoreFacts> cores,
                                                      const std::string& choice) {
  if (choice == "little") return Sorted(cores, /*slowest_first=*/true);
  std::vector<CoreFacts> sorted = Sorted(cores, /*slowest_first=*/false);
  if (choice.empty() || choice == "big") return sorted;
  int index;
  if (!absl::SimpleAtoi(choice, &index)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("core \"%s\" is neither big, little nor a number", choice));
  }
  const auto chosen = std::find_if(sorted.begin(), sorted.end(),
                                   [&](const CoreFacts& core) { return core.index == index; });
  if (chosen == sorted.end()) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "core %d is not among the %u cores this process may use", index, cores.size()));
  }
  std::rotate(sorted.begin(), chosen, chosen + 1);
  return sorted;
}

std::string ClusterName(const std::vector<CoreFacts>& cores) {
  if (!HasClusters(cores)) return "";
  const std::vector<uint64_t> speeds = Speeds(cores);
  return speeds[0] == *std::min_element(speeds.begin(), speeds.end()) ? "little" : "big";
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
