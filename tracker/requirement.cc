#include "tracker/requirement.h"

#include <algorithm>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"

namespace tunefarm::tracker {
namespace {

bool HasArchitecture(const DeviceInfo& device, const std::string& architecture) {
  return device.triple.substr(0, device.triple.find('-')) == architecture;
}

bool HasFeature(const DeviceInfo& device, const std::string& feature) {
  return std::find(device.features.begin(), device.features.end(), feature) !=
         device.features.end();
}

bool HasTag(const DeviceInfo& device, const std::string& key, const std::string& value) {
  const auto it = device.tags.find(key);
  return it != device.tags.end() && it->second == value;
}

// A requirement taken apart: one condition each, so that the text can name the one that fails.
struct Condition {
  Requirement part;
  std::string is;  // "has avx2": completes "no connected device ...".
};

std::vector<Condition> ConditionsOf(const Requirement& requirement) {
  std::vector<Condition> conditions;
  if (!requirement.name.empty()) {
    conditions.push_back(
        {{.name = requirement.name, .architecture = {}, .features = {}, .tags = {}},
         absl::StrFormat("is named %s", requirement.name)});
  }
  if (!requirement.architecture.empty()) {
    conditions.push_back(
        {{.name = {}, .architecture = requirement.architecture, .features = {}, .tags = {}},
         absl::StrFormat("is of architecture %s", requirement.architecture)});
  }
  for (const std::string& feature : requirement.features) {
    conditions.push_back({{.name = {}, .architecture = {}, .features = {feature}, .tags = {}},
                          absl::StrFormat("has %s", feature)});
  }
  for (const auto& [key, value] : requirement.tags) {
    conditions.push_back({{.name = {}, .architecture = {}, .features = {}, .tags = {{key, value}}},
                          absl::StrFormat("has tag %s=%s", key, value)});
  }
  if (requirement.emulated.has_value()) {
    Requirement part;
    part.emulated = requirement.emulated;
    conditions.push_back(
        {part, *requirement.emulated ? "is an emulator" : "is hardware, not an emulator"});
  }
  return conditions;
}

bool AnyMeets(const std::vector<const DeviceInfo*>& devices, const Requirement& requirement) {
  return std::any_of(devices.begin(), devices.end(),
                     [&](const DeviceInfo* device) { return Meets(*device, requirement); });
}

}  // namespace

bool Meets(const DeviceInfo& device, const Requirement& requirement) {
  if (!requirement.name.empty() && device.name != requirement.name) return false;
  if (!requirement.architecture.empty() && !HasArchitecture(device, requirement.architecture)) {
    return false;
  }
  if (requirement.emulated.value_or(device.emulated) != device.emulated) return false;
  return std::all_of(requirement.features.begin(), requirement.features.end(),
                     [&](const std::string& feature) { return HasFeature(device, feature); }) &&
         std::all_of(requirement.tags.begin(), requirement.tags.end(),
                     [&](const auto& tag) { return HasTag(device, tag.first, tag.second); });
}

bool Avoids(const DeviceInfo& device, const Requirement& requirement,
            const std::vector<const DeviceInfo*>& available) {
  if (!requirement.avoid_names.contains(device.name)) return false;
  return std::any_of(available.begin(), available.end(), [&](const DeviceInfo* other) {
    return !requirement.avoid_names.contains(other->name) && Meets(*other, requirement);
  });
}

std::string WhyNoneMeets(const Requirement& requirement,
                         const std::vector<const DeviceInfo*>& available,
                         const std::vector<const DeviceInfo*>& draining) {
  std::vector<const DeviceInfo*> connected = available;
  connected.insert(connected.end(), draining.begin(), draining.end());
  if (connected.empty()) return "no device is connected";
  for (const DeviceInfo* device : draining) {
    if (device->unavailable.empty() || !Meets(*device, requirement)) continue;
    return absl::StrFormat("device %s is unavailable: %s", device->name, device->unavailable);
  }
  if (AnyMeets(draining, requirement)) {
    return absl::StrFormat("every device that would do is draining; %u connected",
                           connected.size());
  }
  const std::string counted =
      absl::StrFormat("%u device%s connected", connected.size(), connected.size() == 1 ? "" : "s");
  std::vector<std::string> all;
  for (const Condition& condition : ConditionsOf(requirement)) {
    if (!AnyMeets(connected, condition.part)) {
      return absl::StrFormat("no connected device %s; %s", condition.is, counted);
    }
    all.push_back(condition.is);
  }
  return absl::StrFormat("no connected device %s; %s", absl::StrJoin(all, " and "), counted);
}

}  // namespace tunefarm::tracker
