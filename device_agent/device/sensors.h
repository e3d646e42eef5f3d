// Which files of sysfs tell about one core: its clock, its temperature, whether it is held back.
//
// Found once in the tree (of this machine, or a sample under tests/data/sysfs); read by
// device_state.h by path and by sensor_files.h through open descriptors. Pure but for the reading
// of files. What each file means is told by the kernel's documentation (ABI/stable/sysfs-devices-
// system-cpu, driver-api/thermal/sysfs-api, hwmon/raspberrypi-hwmon) and, for get_throttled, by the
// Raspberry Pi's.
#ifndef TUNEFARM_DEVICE_AGENT_DEVICE_SENSORS_H_
#define TUNEFARM_DEVICE_AGENT_DEVICE_SENSORS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "device_agent/device/state_reading.h"
#include "device_agent/device/system_files.h"

namespace tunefarm::device_agent {

// Paths below the root of SystemFiles; empty: this machine has no such file.
struct SensorPaths {
  std::string frequency;    // kHz.
  std::string governor;     // Name of the cpufreq governor.
  std::string temperature;  // 1/1000 degree C.
  // The Raspberry Pi firmware's word, hexadecimal. Bits 0-3: low voltage, clock capped, throttled,
  // soft temperature limit, each at this moment; bits 16-19: the same at any time since the start.
  std::string firmware_throttled;
  // Throttled while the number is not 0: the firmware's alarm of low voltage (hwmon rpi_volt), and
  // the states of cooling devices that cap the core's clock (phones).
  std::vector<std::string> alarms;
  std::string throttle_count;  // Throttled when it grows: x86's count of events.
};

// The temperature is that of the processor's thermal zone: "cpu-thermal", "x86_pkg_temp" and the
// like before zones of single clusters ("cpu-1-0-usr", "BIG"), those before "soc"; of equals the
// hottest. Else the processor's hwmon, else the hottest zone of all.
SensorPaths FindSensors(const SystemFiles& files, int core);

// Temperature at which the system itself begins to hold the processor back: the lowest passive trip
// point of the zone of `sensors`. Absent: the system names none.
std::optional<int32_t> PassiveTripMillicelsius(const SystemFiles& files,
                                               const SensorPaths& sensors);

// True when the firmware's word says that something holds the processor back at this moment.
constexpr bool IsThrottledNow(uint64_t firmware_word) { return (firmware_word & 0xF) != 0; }

}  // namespace tunefarm::device_agent

#endif  // TUNEFARM_DEVICE_AGENT_DEVICE_SENSORS_H_
