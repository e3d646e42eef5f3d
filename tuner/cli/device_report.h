// What `tuner device show` tells of one device: as the tracker knows it now, and as the log knows
// it over time. Pure.
#ifndef TUNEFARM_TUNER_CLI_DEVICE_REPORT_H_
#define TUNEFARM_TUNER_CLI_DEVICE_REPORT_H_

#include <optional>
#include <string>

#include "db/records.h"
#include "nlohmann/json.hpp"
#include "tunefarm/v1/tracker.pb.h"

namespace tunefarm::tuner {

struct DeviceReport {
  std::string name;
  std::optional<v1::DeviceEntry> live;  // Absent: no tracker was asked, or it does not know it.
  std::optional<db::DeviceActivity> logged;  // Absent: no log, or it does not know it.
};

// Lines of "word  value". What nobody told is left out.
std::string PrintText(const DeviceReport& report);
// "live" and "log" are null where they are absent.
nlohmann::ordered_json PrintJson(const DeviceReport& report);

// One device as the tracker knows it: an element of `tuner device list --json`.
nlohmann::ordered_json ToJson(const v1::DeviceEntry& entry);

// "idle", "busy", "draining", "lost".
const char* StatusName(v1::DeviceStatus status);
// Share of its connection in which the device had work, in [0, 1].
double Utilisation(const v1::DeviceEntry& entry);

}  // namespace tunefarm::tuner

#endif  // TUNEFARM_TUNER_CLI_DEVICE_REPORT_H_
