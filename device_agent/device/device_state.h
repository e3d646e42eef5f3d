// What the operating system tells about the machine at this moment: it stands beside every trial
// and in every heartbeat.
//
// Used by the sandboxed runner between candidates and by the agent's heartbeats. Reads sysfs and
// procfs by path, so that sensors may come and go; beside single samples sensor_files.h reads.
#ifndef TUNEFARM_DEVICE_AGENT_DEVICE_DEVICE_STATE_H_
#define TUNEFARM_DEVICE_AGENT_DEVICE_DEVICE_STATE_H_

#include <cstdint>
#include <optional>
#include <string>

#include "device_agent/device/sensors.h"
#include "device_agent/device/state_reading.h"
#include "device_agent/device/system_files.h"
#include "tunefarm/v1/measurement.pb.h"

namespace tunefarm::device_agent {

// Finds the sensors once and reads them as often as asked. Not thread-safe: one for each thread.
class DeviceStateReader {
 public:
  // `core` is the one that kernels run on.
  DeviceStateReader(SystemFiles files, int core);

  // Clock, temperature, throttling and load. Fields the system does not tell are absent; throttled
  // is present where any sensor tells of it, and true when one of them does.
  v1::DeviceState Read();

  // The same, with the governor, the clocks of all cores and the firmware's word.
  v1::DeviceState ReadWhole();

 private:
  std::optional<bool> Throttled();

  const SystemFiles files_;
  const SensorPaths sensors_;
  std::optional<int64_t> last_throttle_count_;
};

// The part of a state that stands beside a sample.
v1::DeviceState ToProto(const StateReading& reading);

}  // namespace tunefarm::device_agent

#endif  // TUNEFARM_DEVICE_AGENT_DEVICE_DEVICE_STATE_H_
