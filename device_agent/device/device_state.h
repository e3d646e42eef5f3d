// What the operating system tells about the machine at this moment: it stands beside every sample.
//
// Used by the sandboxed runner between candidates and by the agent's heartbeats. Reads sysfs and
// procfs.
#ifndef TUNEFARM_DEVICE_AGENT_DEVICE_DEVICE_STATE_H_
#define TUNEFARM_DEVICE_AGENT_DEVICE_DEVICE_STATE_H_

#include <cstdint>
#include <optional>
#include <string>

#include "device_agent/device/system_files.h"
#include "tunefarm/v1/measurement.pb.h"

namespace tunefarm::device_agent {

// Finds the sensors once and reads them as often as asked. Not thread-safe: one for each thread.
class DeviceStateReader {
 public:
  // `core` is the one that kernels run on.
  DeviceStateReader(SystemFiles files, int core);

  // Fields the system does not tell are absent.
  //   frequency: scaling_cur_freq of the core.
  //   temperature: the thermal zone of the processor, else the hottest zone, else the processor's
  //   hwmon. throttled: the Raspberry Pi's present state (get_throttled bits 0-3: low voltage,
  //   frequency
  //     capped, throttled, soft temperature limit); on x86, whether the core's count of throttling
  //     events grew since the last call.
  v1::DeviceState Read();

 private:
  std::optional<bool> Throttled();

  const SystemFiles files_;
  const std::string core_directory_;
  std::string temperature_path_;  // Empty: no sensor.
  std::optional<int64_t> last_throttle_count_;
};

}  // namespace tunefarm::device_agent

#endif  // TUNEFARM_DEVICE_AGENT_DEVICE_DEVICE_STATE_H_
