#include "device_agent/device/sensor_files.h"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <utility>

namespace tunefarm::device_agent {
namespace {

// False when the file holds no number (any more).
bool ReadNumber(int fd, int base, int64_t* value) {
  char text[32];
  const ssize_t length = pread(fd, text, sizeof(text), 0);
  if (length <= 0) return false;
  return std::from_chars(text, text + length, *value, base).ec == std::errc();
}

}  // namespace

SensorFiles::SensorFiles(const SystemFiles& files, const SensorPaths& paths) {
  Open(files, paths.frequency, Kind::kFrequency);
  Open(files, paths.temperature, Kind::kTemperature);
  Open(files, paths.firmware_throttled, Kind::kFirmwareWord);
  for (const std::string& alarm : paths.alarms) Open(files, alarm, Kind::kAlarm);
  Open(files, paths.throttle_count, Kind::kEventCount);
  Read();  // So that the next one tells what happened since now.
}

SensorFiles::~SensorFiles() {
  for (const Sensor& sensor : sensors_) close(sensor.fd);
}

SensorFiles::SensorFiles(SensorFiles&& other) noexcept
    : sensors_(std::exchange(other.sensors_, {})) {}

SensorFiles& SensorFiles::operator=(SensorFiles&& other) noexcept {
  std::swap(sensors_, other.sensors_);
  return *this;
}

void SensorFiles::Open(const SystemFiles& files, const std::string& path, Kind kind) {
  const int fd = path.empty() ? -1 : files.Open(path);
  if (fd >= 0) sensors_.push_back({.kind = kind, .fd = fd});
}

std::vector<int> SensorFiles::descriptors() const {
  std::vector<int> descriptors;
  for (const Sensor& sensor : sensors_) descriptors.push_back(sensor.fd);
  std::sort(descriptors.begin(), descriptors.end());
  return descriptors;
}

StateReading SensorFiles::Read() {
  StateReading reading;
  const auto tell = [&](bool throttled) {
    if (throttled || reading.throttled == Throttling::kNotTold) {
      reading.throttled = throttled ? Throttling::kYes : Throttling::kNo;
    }
  };
  for (Sensor& sensor : sensors_) {
    int64_t value;
    if (!ReadNumber(sensor.fd, sensor.kind == Kind::kFirmwareWord ? 16 : 10, &value)) continue;
    switch (sensor.kind) {
      case Kind::kFrequency:
        if (value > 0) reading.frequency_hz = static_cast<uint64_t>(value) * 1000;
        break;
      case Kind::kTemperature:
        reading.temperature_millicelsius = static_cast<int32_t>(value);
        reading.has_temperature = true;
        break;
      case Kind::kFirmwareWord:
        tell(IsThrottledNow(static_cast<uint64_t>(value)));
        break;
      case Kind::kAlarm:
        tell(value != 0);
        break;
      case Kind::kEventCount:
        tell(sensor.last >= 0 && value > sensor.last);
        sensor.last = value;
        break;
    }
  }
  return reading;
}

}  // namespace tunefarm::device_agent
