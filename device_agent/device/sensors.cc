#include "device_agent/device/sensors.h"

#include <limits>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"

namespace tunefarm::device_agent {
namespace {

constexpr char kThermal[] = "/sys/class/thermal";
constexpr char kHwmon[] = "/sys/class/hwmon";
constexpr char kPlatform[] = "/sys/devices/platform";

// How well a zone stands for the processor; 0: not at all.
int ZoneRank(std::string type) {
  absl::AsciiStrToLower(&type);
  for (const char* name : {"x86_pkg_temp", "cpu-thermal", "cpu_thermal", "cpu"}) {
    if (type == name) return 3;
  }
  for (const char* cluster : {"big", "mid", "little"}) {
    if (type == cluster) return 2;
  }
  if (absl::StrContains(type, "cpu")) return 2;
  return absl::StrContains(type, "soc") ? 1 : 0;
}

std::string FindMonitor(const SystemFiles& files) {
  for (const std::string& monitor : files.Names(kHwmon)) {
    const std::string directory = absl::StrFormat("%s/%s", kHwmon, monitor);
    const std::string name = files.Line(directory + "/name").value_or("");
    if (name != "k10temp" && name != "coretemp" && name != "zenpower") continue;
    if (files.Number(directory + "/temp1_input")) return directory + "/temp1_input";
  }
  return "";
}

std::string FindTemperature(const SystemFiles& files) {
  std::string best;
  int best_rank = -1;
  int64_t best_millicelsius = std::numeric_limits<int64_t>::min();
  for (const std::string& zone : files.Names(kThermal)) {
    if (!absl::StartsWith(zone, "thermal_zone")) continue;
    const std::string directory = absl::StrFormat("%s/%s", kThermal, zone);
    // A zone that is switched off refuses to be read.
    const std::optional<int64_t> millicelsius = files.Number(directory + "/temp");
    if (!millicelsius) continue;
    const int rank = ZoneRank(files.Line(directory + "/type").value_or(""));
    if (rank < best_rank || (rank == best_rank && *millicelsius <= best_millicelsius)) continue;
    best = directory + "/temp";
    best_rank = rank;
    best_millicelsius = *millicelsius;
  }
  if (best_rank > 0) return best;
  const std::string monitor = FindMonitor(files);
  return monitor.empty() ? best : monitor;
}

// "soc" on boards up to the Pi 4, "soc@107c000000" on the Pi 5.
std::string FindFirmware(const SystemFiles& files) {
  for (const std::string& soc : files.Names(kPlatform)) {
    if (!absl::StartsWith(soc, "soc")) continue;
    const std::string path =
        absl::StrFormat("%s/%s/%s:firmware/get_throttled", kPlatform, soc, soc);
    if (files.Line(path)) return path;
  }
  return "";
}

// The first core of the clock domain that `core` belongs to; cooling devices are named after it.
int FirstOfDomain(const SystemFiles& files, int core) {
  const std::string related =
      files.Line(absl::StrFormat("/sys/devices/system/cpu/cpu%d/cpufreq/related_cpus", core))
          .value_or("");
  int first;
  return absl::SimpleAtoi(related.substr(0, related.find(' ')), &first) ? first : core;
}

// "cpufreq-cpu4" (Linux 5.15 and later) names its clock domain; "thermal-cpufreq-1" and the idle
// injector's "thermal-idle-1" do not and count for every core.
bool CapsTheCore(const std::string& type, int first_of_domain) {
  int named;
  if (absl::StartsWith(type, "cpufreq-cpu")) {
    return !absl::SimpleAtoi(type.substr(11), &named) || named == first_of_domain;
  }
  return absl::StartsWith(type, "thermal-cpufreq-") || absl::StartsWith(type, "thermal-idle-");
}

std::vector<std::string> FindAlarms(const SystemFiles& files, int core) {
  std::vector<std::string> alarms;
  const auto add = [&](const std::string& path) {
    if (files.Number(path)) alarms.push_back(path);
  };
  for (const std::string& monitor : files.Names(kHwmon)) {
    const std::string directory = absl::StrFormat("%s/%s", kHwmon, monitor);
    if (files.Line(directory + "/name") == "rpi_volt") add(directory + "/in0_lcrit_alarm");
  }
  const int first = FirstOfDomain(files, core);
  for (const std::string& device : files.Names(kThermal)) {
    if (!absl::StartsWith(device, "cooling_device")) continue;
    const std::string directory = absl::StrFormat("%s/%s", kThermal, device);
    if (CapsTheCore(files.Line(directory + "/type").value_or(""), first)) {
      add(directory + "/cur_state");
    }
  }
  return alarms;
}

}  // namespace

SensorPaths FindSensors(const SystemFiles& files, int core) {
  const std::string directory = absl::StrFormat("/sys/devices/system/cpu/cpu%d", core);
  const auto if_there = [&](const std::string& path) { return files.Line(path) ? path : ""; };
  SensorPaths sensors;
  sensors.frequency = if_there(directory + "/cpufreq/scaling_cur_freq");
  sensors.governor = if_there(directory + "/cpufreq/scaling_governor");
  sensors.temperature = FindTemperature(files);
  sensors.firmware_throttled = FindFirmware(files);
  sensors.alarms = FindAlarms(files, core);
  sensors.throttle_count = if_there(directory + "/thermal_throttle/core_throttle_count");
  return sensors;
}

std::optional<int32_t> PassiveTripMillicelsius(const SystemFiles& files,
                                               const SensorPaths& sensors) {
  const std::string zone = sensors.temperature.substr(0, sensors.temperature.rfind('/'));
  std::optional<int32_t> lowest;
  for (const std::string& name : files.Names(zone)) {
    if (!absl::StartsWith(name, "trip_point_") || !absl::EndsWith(name, "_type")) continue;
    if (files.Line(absl::StrFormat("%s/%s", zone, name)) != "passive") continue;
    const std::string stem = name.substr(0, name.size() - 4);
    const auto millicelsius = files.Number(absl::StrFormat("%s/%stemp", zone, stem));
    // Trips that are not in use stand at 0 or far below.
    if (!millicelsius || *millicelsius <= 0 || *millicelsius > 200'000) continue;
    if (!lowest || *millicelsius < *lowest) lowest = static_cast<int32_t>(*millicelsius);
  }
  return lowest;
}

}  // namespace tunefarm::device_agent
