// tuner device list: the devices a tracker knows.
#include <cstdio>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "base/status.h"
#include "nlohmann/json.hpp"
#include "tuner/cli/command.h"
#include "tuner/cli/table.h"

namespace tunefarm::tuner {
namespace {

using Json = nlohmann::ordered_json;

struct DeviceListOptions {
  std::string tracker;
  std::string token_file;
  bool json = false;
};

const char* StatusName(v1::DeviceStatus status) {
  switch (status) {
    case v1::DEVICE_STATUS_IDLE:
      return "idle";
    case v1::DEVICE_STATUS_BUSY:
      return "busy";
    case v1::DEVICE_STATUS_DRAINING:
      return "draining";
    case v1::DEVICE_STATUS_UNAVAILABLE:
      return "unavailable";
    case v1::DEVICE_STATUS_LOST:
      return "lost";
    default:
      return "unknown";
  }
}

double Utilisation(const v1::DeviceEntry& entry) {
  if (entry.connected_ns() == 0) return 0;
  return static_cast<double>(entry.busy_ns()) / static_cast<double>(entry.connected_ns());
}

Json ToJson(const v1::DeviceEntry& entry) {
  const v1::DeviceInfo& info = entry.info();
  Json tags = Json::object();
  for (const auto& [key, value] : info.tags()) tags[key] = value;
  const v1::DeviceState& state = entry.state();
  return {{"name", info.name()},
          {"status", StatusName(entry.status())},
          {"reason", entry.reason()},
          {"model", info.model()},
          {"triple", info.triple()},
          {"cpu", info.cpu()},
          {"features", std::vector<std::string>(info.features().begin(), info.features().end())},
          {"num_cores", info.num_cores()},
          {"memory_bytes", info.memory_bytes()},
          {"tags", std::move(tags)},
          {"emulated", info.emulated()},
          {"agent_version", info.agent_version()},
          {"connected_ns", entry.connected_ns()},
          {"busy_ns", entry.busy_ns()},
          {"utilisation", Utilisation(entry)},
          {"num_results", entry.num_results()},
          {"cpu_frequency_hz",
           state.has_cpu_frequency_hz() ? Json(state.cpu_frequency_hz()) : Json(nullptr)},
          {"temperature_millicelsius", state.has_temperature_millicelsius()
                                           ? Json(state.temperature_millicelsius())
                                           : Json(nullptr)},
          {"load_average", state.has_load_average() ? Json(state.load_average()) : Json(nullptr)}};
}

std::vector<std::string> ToRow(const v1::DeviceEntry& entry) {
  const v1::DeviceInfo& info = entry.info();
  std::string status = StatusName(entry.status());
  if (!entry.reason().empty()) status += absl::StrFormat(" (%s)", entry.reason());
  const std::string temperature =
      entry.state().has_temperature_millicelsius()
          ? absl::StrFormat("%.0f C", entry.state().temperature_millicelsius() / 1000.0)
          : "-";
  const std::string tags = absl::StrJoin(info.tags(), ",", absl::PairFormatter("="));
  return {info.name(),
          status,
          info.cpu() + (info.emulated() ? " (emulated)" : ""),
          std::to_string(info.num_cores()),
          temperature,
          absl::StrFormat("%.0f %%", 100 * Utilisation(entry)),
          std::to_string(entry.num_results()),
          tags.empty() ? "-" : tags};
}

absl::Status RunDeviceList(const DeviceListOptions& options) {
  TUNEFARM_ASSIGN_OR_RETURN(const TrackerAddress address,
                            MakeAddress(options.tracker, options.token_file));
  TrackerClient client(address);
  TUNEFARM_ASSIGN_OR_RETURN(const std::vector<v1::DeviceEntry> devices,
                            client.ListDevices(absl::Seconds(5)));
  if (options.json) {
    Json list = Json::array();
    for (const v1::DeviceEntry& device : devices) list.push_back(ToJson(device));
    std::printf("%s\n", list.dump().c_str());
  }
  if (devices.empty()) {
    return absl::NotFoundError(absl::StrFormat(
        "no device has connected to %s yet; on the device: tuner-agent --tracker %s --name NAME",
        options.tracker, options.tracker));
  }
  if (options.json) return absl::OkStatus();
  Table table;
  table.header = {"name", "status", "cpu", "cores", "temperature", "busy", "results", "tags"};
  table.right = {false, false, false, true, true, true, true};
  for (const v1::DeviceEntry& device : devices) table.rows.push_back(ToRow(device));
  std::fputs(PrintAligned(table).c_str(), stdout);
  return absl::OkStatus();
}

}  // namespace

void AddDevice(CLI::App& app, Action& action) {
  CLI::App* device = app.add_subcommand("device", "Look at the devices of a farm");
  device->require_subcommand(1);
  AddCommand<DeviceListOptions>(
      *device, action, "list", "List the devices a tracker knows",
      [](CLI::App& command, DeviceListOptions& options) {
        command.add_option("--tracker", options.tracker, "HOST:PORT of a tracker or daemon")
            ->required();
        AddTokenFileOption(command, options.token_file);
        AddJsonFlag(command, options.json);
      },
      RunDeviceList);
}

}  // namespace tunefarm::tuner
