// tuner device list: the devices a tracker knows. Commands on one device: device_show.cc and
// device_update.cc.
#include <cstdio>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "base/status.h"
#include "nlohmann/json.hpp"
#include "tuner/cli/command.h"
#include "tuner/cli/device_report.h"
#include "tuner/cli/device_update.h"
#include "tuner/cli/table.h"

namespace tunefarm::tuner {
namespace {

using Json = nlohmann::ordered_json;

struct DeviceListOptions {
  std::string tracker;
  std::string token_file;
  bool json = false;
};

std::vector<std::string> ToRow(const v1::DeviceEntry& entry) {
  const v1::DeviceInfo& info = entry.info();
  std::string status = StatusName(entry.status());
  if (!entry.reason().empty()) status += absl::StrFormat(" (%s)", entry.reason());
  if (const int barred = entry.quarantined_size(); barred > 0) {
    status += absl::StrFormat("; %d kernel%s quarantined", barred, barred == 1 ? "" : "s");
  }
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
  CLI::App* device =
      app.add_subcommand("device", "Look at the devices of a farm and look after them");
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
  AddCommand<DeviceUpdateOptions>(
      *device, action, "update", "Give a device a newer agent, signed with your key",
      [](CLI::App& command, DeviceUpdateOptions& options) {
        command.add_option("name", options.name, "The device")->required();
        command.add_option("--agent", options.agent, "The newer tuner-agent, for its processor")
            ->required()
            ->check(CLI::ExistingFile);
        command
            .add_option("--key", options.key,
                        "File with the Ed25519 private key (PEM) whose public half the agent has "
                        "as --update-key")
            ->required()
            ->check(CLI::ExistingFile);
        command.add_option("--tracker", options.tracker, "HOST:PORT of a tracker or daemon")
            ->required();
        AddTokenFileOption(command, options.token_file);
      },
      RunDeviceUpdate);
  AddDeviceShow(*device, action);
}

}  // namespace tunefarm::tuner
