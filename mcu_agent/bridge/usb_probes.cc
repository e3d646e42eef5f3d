#include "mcu_agent/bridge/usb_probes.h"

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"

namespace tunefarm::mcu_agent {
namespace {

namespace fs = std::filesystem;

constexpr char kVendor[] = "0483";
// Of OpenOCD's interface/stlink-dap.cfg.
constexpr const char* kProducts[] = {"3744", "3748", "374b", "374d", "374e", "374f",
                                     "3752", "3753", "3754", "3755", "3757"};

std::string FirstLine(const fs::path& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

}  // namespace

std::vector<UsbProbe> FindProbes(const std::string& devices) {
  std::vector<UsbProbe> probes;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(devices, error)) {
    const std::string product = FirstLine(entry.path() / "idProduct");
    if (FirstLine(entry.path() / "idVendor") != kVendor) continue;
    if (std::find(std::begin(kProducts), std::end(kProducts), product) == std::end(kProducts)) {
      continue;
    }
    probes.push_back({absl::StrFormat("%s:%s", kVendor, product),
                      FirstLine(entry.path() / "serial"), entry.path().filename().string()});
  }
  std::sort(probes.begin(), probes.end(),
            [](const UsbProbe& a, const UsbProbe& b) { return a.place < b.place; });
  return probes;
}

absl::StatusOr<std::string> ChooseProbe(const std::vector<UsbProbe>& probes,
                                        const std::string& wanted) {
  const std::string there = absl::StrJoin(probes, ", ", [](std::string* out, const UsbProbe& p) {
    *out += absl::StrFormat("%s at USB %s", p.serial.empty() ? "one without serial" : p.serial,
                            p.place);
  });
  if (probes.empty()) {
    return absl::NotFoundError(
        "no probe: no ST-Link is plugged in (looked for USB devices 0483:3744 to 0483:3757)");
  }
  if (wanted.empty()) {
    if (probes.size() == 1) return probes.front().serial;
    return absl::InvalidArgumentError(absl::StrFormat(
        "%u probes are plugged in (%s): choose one with --serial", probes.size(), there));
  }
  const bool found = std::any_of(probes.begin(), probes.end(),
                                 [&](const UsbProbe& probe) { return probe.serial == wanted; });
  if (found) return wanted;
  return absl::NotFoundError(
      absl::StrFormat("no probe with serial %s is plugged in; there: %s", wanted, there));
}

}  // namespace tunefarm::mcu_agent
