#include "tracker/device_table.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_format.h"
#include "base/status.h"

namespace tunefarm::tracker {
namespace {

// Why a device does not take work; "" when it does.
std::string ReasonOf(const Device& device) {
  if (!device.live()) return *device.lost_reason;
  if (!device.info.unavailable.empty()) return device.info.unavailable;
  return device.drain_reason.value_or("");
}

DeviceStatus StatusOf(const Device& device) {
  if (!device.live()) return DeviceStatus::kLost;
  if (!device.info.unavailable.empty()) return DeviceStatus::kUnavailable;
  if (!device.available()) return DeviceStatus::kDraining;
  return device.in_flight.empty() ? DeviceStatus::kIdle : DeviceStatus::kBusy;
}

}  // namespace

absl::Status DeviceTable::CheckName(const std::string& name, const std::string& instance_id) const {
  const auto it = devices_.find(name);
  if (it == devices_.end() || !it->second.live()) return absl::OkStatus();
  if (!instance_id.empty() && it->second.instance_id == instance_id) return absl::OkStatus();
  return absl::AlreadyExistsError(
      absl::StrFormat("a device named %s is connected already, by another agent process", name));
}

Device& DeviceTable::Connect(absl::Duration now, DeviceInfo info, const std::string& instance_id,
                             SessionId session) {
  const std::string name = info.name;
  Device& device = devices_[name];
  TUNEFARM_CHECK(device.in_flight.empty(), name);
  by_session_.erase(device.session);
  const bool same_process = !instance_id.empty() && device.instance_id == instance_id;
  Device fresh;
  if (same_process) fresh.drain_reason = std::move(device.drain_reason);
  device = std::move(fresh);
  device.info = std::move(info);
  device.instance_id = instance_id;
  device.session = session;
  device.connected_at = device.last_heard = device.last_progress = now;
  by_session_[session] = &device;
  return device;
}

Device* DeviceTable::Find(SessionId session) {
  const auto it = by_session_.find(session);
  return it == by_session_.end() ? nullptr : it->second;
}

Device* DeviceTable::FindByName(const std::string& name) {
  const auto it = devices_.find(name);
  return it == devices_.end() ? nullptr : &it->second;
}

void DeviceTable::AddInFlight(Device& device, AssignmentId assignment, absl::Duration now) {
  if (device.in_flight.empty()) device.busy_since = device.last_progress = now;
  device.in_flight.insert(assignment);
}

void DeviceTable::RemoveInFlight(Device& device, AssignmentId assignment, absl::Duration now) {
  if (device.in_flight.erase(assignment) == 0) return;
  if (device.in_flight.empty()) device.busy_before += now - device.busy_since;
}

void DeviceTable::Drain(Device& device, const std::string& reason) { device.drain_reason = reason; }

void DeviceTable::MarkLost(Device& device, const std::string& reason, absl::Duration now) {
  TUNEFARM_CHECK(device.in_flight.empty(), device.info.name);
  by_session_.erase(device.session);
  device.lost_reason = reason;
  device.lost_at = now;
}

void DeviceTable::ForgiveGap(absl::Duration now, absl::Duration gap) {
  for (auto& [name, device] : devices_) {
    device.last_heard = std::min(now, device.last_heard + gap);
    device.last_progress = std::min(now, device.last_progress + gap);
  }
}

void DeviceTable::ForgetLost(absl::Duration now, absl::Duration age) {
  std::erase_if(devices_, [&](const auto& entry) {
    return !entry.second.live() && now - entry.second.lost_at >= age;
  });
}

std::vector<Device*> DeviceTable::Live() {
  std::vector<Device*> live;
  for (auto& [name, device] : devices_) {
    if (device.live()) live.push_back(&device);
  }
  return live;
}

std::vector<Device*> DeviceTable::Available() {
  std::vector<Device*> available;
  for (auto& [name, device] : devices_) {
    if (device.available()) available.push_back(&device);
  }
  return available;
}

std::vector<DeviceRow> DeviceTable::Rows(absl::Duration now) const {
  std::vector<DeviceRow> rows;
  for (const auto& [name, device] : devices_) {
    DeviceRow row;
    row.info = device.info;
    row.status = StatusOf(device);
    row.reason = ReasonOf(device);
    row.connected = (device.live() ? now : device.lost_at) - device.connected_at;
    row.busy = device.busy_before;
    if (!device.in_flight.empty()) row.busy += now - device.busy_since;
    row.num_results = device.num_results;
    row.state = device.state;
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace tunefarm::tracker
