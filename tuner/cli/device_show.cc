// tuner device show | drain | undrain: one device of a farm.
#include <cstdio>
#include <utility>

#include "absl/strings/str_format.h"
#include "base/status.h"
#include "tuner/cli/command.h"
#include "tuner/cli/device_report.h"
#include "tuner/measure/tracker_client.h"

namespace tunefarm::tuner {
namespace {

constexpr absl::Duration kCallTimeout = absl::Seconds(5);
constexpr uint64_t kReferences = 64;

struct DeviceShowOptions {
  std::string name;
  std::string db = kDefaultLog;
  std::string tracker, token_file;
  bool json = false;
};

struct DeviceDrainOptions {
  std::string name, tracker, token_file;
  std::string reason = "by hand";
};

absl::Status AskTracker(const DeviceShowOptions& options, DeviceReport* report) {
  if (options.tracker.empty()) return absl::OkStatus();
  TUNEFARM_ASSIGN_OR_RETURN(const TrackerAddress address,
                            MakeAddress(options.tracker, options.token_file));
  TrackerClient client(address);
  TUNEFARM_ASSIGN_OR_RETURN(std::vector<v1::DeviceEntry> entries, client.ListDevices(kCallTimeout));
  for (v1::DeviceEntry& entry : entries) {
    if (entry.info().name() == options.name) report->live = std::move(entry);
  }
  return absl::OkStatus();
}

absl::Status AskLog(const DeviceShowOptions& options, DeviceReport* report) {
  TUNEFARM_ASSIGN_OR_RETURN(const std::unique_ptr<db::TuningLog> log, OpenLogIfThere(options.db));
  if (log == nullptr) return absl::OkStatus();
  absl::StatusOr<db::DeviceActivity> activity = log->Activity(options.name, kReferences);
  if (absl::IsNotFound(activity.status())) return absl::OkStatus();
  TUNEFARM_RETURN_IF_ERROR(activity.status());
  report->logged = *std::move(activity);
  return absl::OkStatus();
}

absl::Status RunDeviceShow(const DeviceShowOptions& options) {
  DeviceReport report;
  report.name = options.name;
  TUNEFARM_RETURN_IF_ERROR(AskTracker(options, &report));
  TUNEFARM_RETURN_IF_ERROR(AskLog(options, &report));
  if (!report.live && !report.logged) {
    return absl::NotFoundError(
        absl::StrFormat("no device named %s in %s%s", options.name, options.db,
                        options.tracker.empty() ? "; --tracker asks a tracker as well"
                                                : " or at " + options.tracker));
  }
  if (options.json) {
    std::printf("%s\n", PrintJson(report).dump().c_str());
  } else {
    std::fputs(PrintText(report).c_str(), stdout);
  }
  return absl::OkStatus();
}

absl::StatusOr<TrackerAddress> AddressOf(const DeviceDrainOptions& options) {
  return MakeAddress(options.tracker, options.token_file);
}

absl::Status RunDeviceDrain(const DeviceDrainOptions& options) {
  TUNEFARM_ASSIGN_OR_RETURN(const TrackerAddress address, AddressOf(options));
  return TrackerClient(address).DrainDevice(options.name, options.reason, kCallTimeout);
}

absl::Status RunDeviceUndrain(const DeviceDrainOptions& options) {
  TUNEFARM_ASSIGN_OR_RETURN(const TrackerAddress address, AddressOf(options));
  return TrackerClient(address).UndrainDevice(options.name, kCallTimeout);
}

void AddNameAndTracker(CLI::App& command, DeviceDrainOptions& options) {
  command.add_option("name", options.name, "Name of the device")->required();
  command.add_option("--tracker", options.tracker, "HOST:PORT of a tracker or daemon")->required();
  AddTokenFileOption(command, options.token_file);
}

}  // namespace

void AddDeviceShow(CLI::App& device, Action& action) {
  AddCommand<DeviceShowOptions>(
      device, action, "show", "One device: its state now, its trials and its noise over time",
      [](CLI::App& command, DeviceShowOptions& options) {
        command.add_option("name", options.name, "Name of the device")->required();
        AddLogOption(command, options.db);
        command.add_option("--tracker", options.tracker, "HOST:PORT of a tracker or daemon");
        AddTokenFileOption(command, options.token_file);
        AddJsonFlag(command, options.json);
      },
      RunDeviceShow);
  AddCommand<DeviceDrainOptions>(
      device, action, "drain", "Give a device no more work; it finishes what it has",
      [](CLI::App& command, DeviceDrainOptions& options) {
        AddNameAndTracker(command, options);
        command.add_option("--reason", options.reason, "Why, for people")->capture_default_str();
      },
      RunDeviceDrain);
  AddCommand<DeviceDrainOptions>(device, action, "undrain", "Give a drained device work again",
                                 AddNameAndTracker, RunDeviceUndrain);
}

}  // namespace tunefarm::tuner
