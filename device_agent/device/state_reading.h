// What the sensors of a core say at one moment, as plain data: it is read inside a candidate's
// sandbox, where nothing may be allocated, and lies in memory that the candidate shares with the
// runner.
#ifndef TUNEFARM_DEVICE_AGENT_DEVICE_STATE_READING_H_
#define TUNEFARM_DEVICE_AGENT_DEVICE_STATE_READING_H_

#include <cstdint>

namespace tunefarm::device_agent {

enum class Throttling : uint8_t { kNotTold, kNo, kYes };

struct StateReading {
  uint64_t frequency_hz = 0;  // Of the core; 0: not told.
  int32_t temperature_millicelsius = 0;
  bool has_temperature = false;
  Throttling throttled = Throttling::kNotTold;
};

}  // namespace tunefarm::device_agent

#endif  // TUNEFARM_DEVICE_AGENT_DEVICE_STATE_READING_H_
