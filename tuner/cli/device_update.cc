// tuner device update: a newer agent for a device, signed here and shipped over the agent's stream.
#include "tuner/cli/device_update.h"

#include <elf.h>

#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>

#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "base/agent_update.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/status.h"
#include "base/version.h"
#include "tuner/cli/command.h"

namespace tunefarm::tuner {
namespace {

// The agent tries the update before it answers; that may take it half a minute.
constexpr absl::Duration kAnswerPatience = absl::Seconds(90);
constexpr absl::Duration kReturnPatience = absl::Seconds(60);
constexpr absl::Duration kPollInterval = absl::Milliseconds(100);

absl::StatusOr<std::string> ReadAll(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  if (!file.good() && bytes.empty()) {
    return absl::InvalidArgumentError(absl::StrFormat("%s cannot be read", path));
  }
  return bytes;
}

// The first part of the triple that an executable is for; e_machine lies at the same place in files
// of 32 and 64 bits.
absl::StatusOr<std::string> MachineOf(const std::string& executable, const std::string& path) {
  Elf32_Ehdr header = {};
  if (executable.size() >= sizeof(header)) std::memcpy(&header, executable.data(), sizeof(header));
  if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) == 0) {
    if (header.e_machine == EM_AARCH64) return std::string("aarch64");
    if (header.e_machine == EM_ARM) return std::string("armv7");
    if (header.e_machine == EM_X86_64) return std::string("x86_64");
  }
  return absl::InvalidArgumentError(
      absl::StrFormat("%s is no executable for a processor that agents run on", path));
}

absl::StatusOr<v1::UpdateAgent> MakeUpdate(const DeviceUpdateOptions& options) {
  v1::UpdateAgent update;
  TUNEFARM_ASSIGN_OR_RETURN(*update.mutable_executable(), ReadAll(options.agent));
  TUNEFARM_ASSIGN_OR_RETURN(*update.mutable_machine(),
                            MachineOf(update.executable(), options.agent));
  const auto version = base::StampedVersion(update.executable());
  if (!version) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%s tells no version: it is no tuner-agent", options.agent));
  }
  update.set_version(base::Print(*version));
  update.set_digest(base::Sha256Hex(update.executable()));
  TUNEFARM_ASSIGN_OR_RETURN(const std::string key, ReadAll(options.key));
  absl::StatusOr<std::string> signature = base::Sign(
      {.version = update.version(), .machine = update.machine(), .digest = update.digest()}, key);
  if (!signature.ok()) return base::Annotate(signature.status(), options.key);
  update.set_signature(*std::move(signature));
  return update;
}

// Until the device is connected as that version.
absl::Status AwaitReturn(TrackerClient& client, const std::string& name,
                         const std::string& version) {
  const absl::Duration deadline = base::RealClock().SteadyNow() + kReturnPatience;
  while (base::RealClock().SteadyNow() < deadline) {
    TUNEFARM_ASSIGN_OR_RETURN(const auto devices, client.ListDevices(absl::Seconds(5)));
    for (const v1::DeviceEntry& device : devices) {
      if (device.info().name() == name && device.status() != v1::DEVICE_STATUS_LOST &&
          device.info().agent_version() == version) {
        return absl::OkStatus();
      }
    }
    absl::SleepFor(kPollInterval);
  }
  return absl::DeadlineExceededError(
      absl::StrFormat("%s took version %s and has not come back as such within %s", name, version,
                      absl::FormatDuration(kReturnPatience)));
}

}  // namespace

absl::Status RunDeviceUpdate(const DeviceUpdateOptions& options) {
  TUNEFARM_ASSIGN_OR_RETURN(const TrackerAddress address,
                            MakeAddress(options.tracker, options.token_file));
  TUNEFARM_ASSIGN_OR_RETURN(v1::UpdateAgent update, MakeUpdate(options));
  const std::string version = update.version();
  std::printf("%s: offering version %s for %s, %.1f MB\n", options.name.c_str(), version.c_str(),
              update.machine().c_str(), static_cast<double>(update.executable().size()) * 1e-6);
  std::fflush(stdout);
  TrackerClient client(address);
  TUNEFARM_RETURN_IF_ERROR(client.UpdateDevice(options.name, std::move(update), kAnswerPatience));
  std::printf("%s: taken, waiting for its return\n", options.name.c_str());
  std::fflush(stdout);
  TUNEFARM_RETURN_IF_ERROR(AwaitReturn(client, options.name, version));
  std::printf("%s: version %s is at work\n", options.name.c_str(), version.c_str());
  return absl::OkStatus();
}

}  // namespace tunefarm::tuner
