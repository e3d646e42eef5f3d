// The sensors of a core through descriptors that are opened once: for the inside of a candidate's
// sandbox, where files can be read but no longer opened, and nothing may be allocated.
#ifndef TUNEFARM_DEVICE_AGENT_DEVICE_SENSOR_FILES_H_
#define TUNEFARM_DEVICE_AGENT_DEVICE_SENSOR_FILES_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "device_agent/device/sensors.h"
#include "device_agent/device/state_reading.h"
#include "device_agent/device/system_files.h"

namespace tunefarm::device_agent {

// Not thread-safe.
class SensorFiles {
 public:
  SensorFiles() = default;  // No sensors: every reading is empty.
  // What cannot be opened is not told.
  SensorFiles(const SystemFiles& files, const SensorPaths& paths);
  ~SensorFiles();
  SensorFiles(SensorFiles&& other) noexcept;
  SensorFiles& operator=(SensorFiles&& other) noexcept;

  // The descriptors held open, in ascending order.
  std::vector<int> descriptors() const;

  // Makes one pread for each sensor and no other system call. The governor and the firmware's word
  // are device_state.h's to tell; whether the processor is throttled is told here.
  StateReading Read();

 private:
  enum class Kind : uint8_t { kFrequency, kTemperature, kFirmwareWord, kAlarm, kEventCount };
  struct Sensor {
    Kind kind;
    int fd;
    int64_t last = -1;  // Event count: as last read.
  };

  void Open(const SystemFiles& files, const std::string& path, Kind kind);

  std::vector<Sensor> sensors_;
};

}  // namespace tunefarm::device_agent

#endif  // TUNEFARM_DEVICE_AGENT_DEVICE_SENSOR_FILES_H_
