#include "device_agent/device/device_state.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"

namespace tunefarm::device_agent {
namespace {

std::optional<double> LoadAverage(const SystemFiles& files) {
  const std::optional<std::string> line = files.Line("/proc/loadavg");
  double load;
  if (!line || !absl::SimpleAtod(line->substr(0, line->find(' ')), &load)) return std::nullopt;
  return load;
}

std::optional<uint32_t> FirmwareWord(const SystemFiles& files, const SensorPaths& sensors) {
  if (sensors.firmware_throttled.empty()) return std::nullopt;
  const std::optional<std::string> line = files.Line(sensors.firmware_throttled);
  uint32_t word;
  if (!line || !absl::SimpleHexAtoi(*line, &word)) return std::nullopt;
  return word;
}

std::optional<int64_t> NumberIfNamed(const SystemFiles& files, const std::string& path) {
  return path.empty() ? std::nullopt : files.Number(path);
}

}  // namespace

DeviceStateReader::DeviceStateReader(SystemFiles files, int core)
    : files_(std::move(files)), sensors_(FindSensors(files_, core)) {
  Throttled();  // So that the first Read tells what happened since now.
}

std::optional<bool> DeviceStateReader::Throttled() {
  std::optional<bool> throttled;
  const auto tell = [&](bool value) { throttled = value || throttled.value_or(false); };
  if (const auto word = FirmwareWord(files_, sensors_)) tell(IsThrottledNow(*word));
  for (const std::string& alarm : sensors_.alarms) {
    if (const auto state = files_.Number(alarm)) tell(*state != 0);
  }
  if (const auto count = NumberIfNamed(files_, sensors_.throttle_count)) {
    tell(last_throttle_count_ && *count > *last_throttle_count_);
    last_throttle_count_ = count;
  }
  return throttled;
}

v1::DeviceState DeviceStateReader::Read() {
  v1::DeviceState state;
  if (const auto khz = NumberIfNamed(files_, sensors_.frequency); khz && *khz > 0) {
    state.set_cpu_frequency_hz(static_cast<uint64_t>(*khz) * 1000);
  }
  if (const auto millicelsius = NumberIfNamed(files_, sensors_.temperature)) {
    state.set_temperature_millicelsius(static_cast<int32_t>(*millicelsius));
  }
  if (const std::optional<bool> throttled = Throttled()) state.set_throttled(*throttled);
  if (const std::optional<double> load = LoadAverage(files_)) state.set_load_average(*load);
  return state;
}

v1::DeviceState DeviceStateReader::ReadWhole() {
  v1::DeviceState state = Read();
  if (!sensors_.governor.empty()) {
    if (const auto governor = files_.Line(sensors_.governor)) state.set_governor(*governor);
  }
  if (const auto word = FirmwareWord(files_, sensors_)) state.set_firmware_throttled(*word);
  const auto directory = [](int core) {
    return absl::StrFormat("/sys/devices/system/cpu/cpu%d", core);
  };
  bool any = false;
  for (int core = 0; !files_.Names(directory(core)).empty(); ++core) {
    const auto khz = files_.Number(directory(core) + "/cpufreq/scaling_cur_freq");
    any = any || khz.has_value();
    state.add_core_frequency_hz(static_cast<uint64_t>(khz.value_or(0)) * 1000);
  }
  if (!any) state.clear_core_frequency_hz();
  return state;
}

v1::DeviceState ToProto(const StateReading& reading) {
  v1::DeviceState state;
  if (reading.frequency_hz != 0) state.set_cpu_frequency_hz(reading.frequency_hz);
  if (reading.has_temperature) {
    state.set_temperature_millicelsius(reading.temperature_millicelsius);
  }
  if (reading.throttled != Throttling::kNotTold) {
    state.set_throttled(reading.throttled == Throttling::kYes);
  }
  return state;
}

}  // namespace tunefarm::device_agent
