#include "device_agent/device/device_info.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "base/version.h"
#include "device_agent/device/cores.h"
#include "device_agent/device/cpu_name.h"
#include "device_agent/device/emulation.h"
#include "device_agent/device/host_isa.h"
#include "proto/kernel_abi.h"

namespace tunefarm::device_agent {
namespace {

uint64_t MemoryBytes(const SystemFiles& files) {
  const std::string text = files.Text("/proc/meminfo").value_or("");
  // "MemTotal:       24689012 kB"
  for (const std::string& line : std::vector<std::string>(absl::StrSplit(text, '\n'))) {
    const std::vector<std::string> words = absl::StrSplit(line, ' ', absl::SkipEmpty());
    uint64_t kib;
    if (words.size() >= 2 && words[0] == "MemTotal:" && absl::SimpleAtoi(words[1], &kib)) {
      return kib << 10;
    }
  }
  return 0;
}

std::string Model(const SystemFiles& files, const std::string& cpuinfo) {
  if (const auto board = files.Line("/proc/device-tree/model"); board && !board->empty()) {
    return *board;
  }
  const auto fields = CpuinfoFields(cpuinfo);
  const auto name = fields.find("model name");
  return name == fields.end() ? "" : name->second;
}

}  // namespace

v1::DeviceInfo ReadDeviceInfo(const SystemFiles& files) {
  const std::string cpuinfo = files.Text("/proc/cpuinfo").value_or("");
  const std::vector<std::string> features = HostFeatures();
  v1::DeviceInfo info;
  info.set_triple(HostTriple());
  const std::string architecture = info.triple().substr(0, info.triple().find('-'));
  info.set_cpu(CpuName(architecture, cpuinfo, features));
  info.mutable_features()->Assign(features.begin(), features.end());
  info.set_num_cores(static_cast<uint32_t>(AllowedCores().size()));
  info.set_memory_bytes(MemoryBytes(files));
  info.set_emulated(RunsUnderProgramEmulator() || RunsOnEmulatedX86() ||
                    IsForeignCpuinfo(architecture, cpuinfo));
  info.set_agent_version(base::Print(base::OwnVersion()));
  info.set_kernel_abi_version(TUNEFARM_KERNEL_ABI_VERSION);
  info.set_model(Model(files, cpuinfo));
  return info;
}

uint64_t LastLevelCacheBytes(const SystemFiles& files) {
  constexpr uint64_t kDefaultBytes = 32 << 20;
  constexpr char kCaches[] = "/sys/devices/system/cpu/cpu0/cache";
  uint64_t largest = 0;
  for (const std::string& index : files.Names(kCaches)) {
    // "32768K"
    std::string size = files.Line(absl::StrFormat("%s/%s/size", kCaches, index)).value_or("");
    const int shift = absl::EndsWith(size, "M") ? 20 : 10;
    if (!size.empty()) size.pop_back();
    uint64_t value;
    if (absl::SimpleAtoi(size, &value)) largest = std::max(largest, value << shift);
  }
  return largest != 0 ? largest : kDefaultBytes;
}

}  // namespace tunefarm::device_agent
