#include "device_agent/device/device_state.h"

#include <limits>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"

namespace tunefarm::device_agent {
namespace {

constexpr char kPiThrottled[] = "/sys/devices/platform/soc/soc:firmware/get_throttled";
constexpr int kPiThrottledNow = 0xF;

bool IsProcessorZone(const std::string& type) {
  for (const char* word : {"x86_pkg_temp", "cpu", "soc"}) {
    if (absl::StrContains(type, word)) return true;
  }
  return false;
}

// "" where there is no sensor.
std::string FindTemperature(const SystemFiles& files) {
  std::string hottest;
  int64_t hottest_millicelsius = std::numeric_limits<int64_t>::min();
  for (const std::string& zone : files.Names("/sys/class/thermal")) {
    if (!absl::StartsWith(zone, "thermal_zone")) continue;
    const std::string directory = absl::StrFormat("/sys/class/thermal/%s", zone);
    const std::optional<int64_t> millicelsius = files.Number(directory + "/temp");
    if (!millicelsius) continue;
    if (IsProcessorZone(files.Line(directory + "/type").value_or(""))) return directory + "/temp";
    if (*millicelsius > hottest_millicelsius) {
      hottest_millicelsius = *millicelsius;
      hottest = directory + "/temp";
    }
  }
  if (!hottest.empty()) return hottest;
  for (const std::string& monitor : files.Names("/sys/class/hwmon")) {
    const std::string directory = absl::StrFormat("/sys/class/hwmon/%s", monitor);
    const std::string name = files.Line(directory + "/name").value_or("");
    if (name != "k10temp" && name != "coretemp" && name != "zenpower") continue;
    if (files.Number(directory + "/temp1_input")) return directory + "/temp1_input";
  }
  return "";
}

std::optional<double> LoadAverage(const SystemFiles& files) {
  const std::optional<std::string> line = files.Line("/proc/loadavg");
  double load;
  if (!line || !absl::SimpleAtod(line->substr(0, line->find(' ')), &load)) return std::nullopt;
  return load;
}

}  // namespace

DeviceStateReader::DeviceStateReader(SystemFiles files, int core)
    : files_(std::move(files)),
      core_directory_(absl::StrFormat("/sys/devices/system/cpu/cpu%d", core)),
      temperature_path_(FindTemperature(files_)) {
  Throttled();  // So that the first Read tells what happened since now.
}

std::optional<bool> DeviceStateReader::Throttled() {
  if (const std::optional<std::string> line = files_.Line(kPiThrottled)) {
    uint64_t bits;
    if (absl::SimpleHexAtoi(*line, &bits)) return (bits & kPiThrottledNow) != 0;
  }
  const std::optional<int64_t> count =
      files_.Number(core_directory_ + "/thermal_throttle/core_throttle_count");
  if (!count) return std::nullopt;
  const bool grew = last_throttle_count_ && *count > *last_throttle_count_;
  last_throttle_count_ = count;
  return grew;
}

v1::DeviceState DeviceStateReader::Read() {
  v1::DeviceState state;
  if (const auto khz = files_.Number(core_directory_ + "/cpufreq/scaling_cur_freq");
      khz && *khz > 0) {
    state.set_cpu_frequency_hz(static_cast<uint64_t>(*khz) * 1000);
  }
  if (!temperature_path_.empty()) {
    if (const auto millicelsius = files_.Number(temperature_path_)) {
      state.set_temperature_millicelsius(static_cast<int32_t>(*millicelsius));
    }
  }
  if (const std::optional<bool> throttled = Throttled()) state.set_throttled(*throttled);
  if (const std::optional<double> load = LoadAverage(files_)) state.set_load_average(*load);
  return state;
}

}  // namespace tunefarm::device_agent
