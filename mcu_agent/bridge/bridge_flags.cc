#include "mcu_agent/bridge/bridge_flags.h"

#include <cstdio>
#include <cstdlib>
#include <vector>

#include "CLI/CLI.hpp"
#include "device_agent/agent_process.h"

namespace tunefarm::mcu_agent {
namespace {

constexpr int kUsageError = 2;
constexpr char kEmulatedPrefix[] = "emulated:";
constexpr uint32_t kMostInBatch = 32;

std::string CheckTag(const std::string& text) {
  const size_t equals = text.find('=');
  return equals == std::string::npos || equals == 0 ? "\"" + text + "\" is not KEY=VALUE" : "";
}

// Where programs of a user keep what they learnt (XDG base directory specification); "" where there
// is no such place.
std::string DefaultStateDir() {
  const char* state = getenv("XDG_STATE_HOME");
  if (state != nullptr && *state != '\0') return std::string(state) + "/tunefarm";
  const char* home = getenv("HOME");
  return home != nullptr && *home != '\0' ? std::string(home) + "/.local/state/tunefarm" : "";
}

void AddOptions(CLI::App& app, BridgeFlags& flags, std::vector<std::string>& tags) {
  app.add_option("--board", flags.board,
                 "stm32f746, nucleo-f446re, ...: a folder of --boards-dir; emulated:mps2-an500 "
                 "starts an emulated board in place of a probe")
      ->required();
  app.add_option("--tracker", flags.tracker, "address of the tracker, HOST:PORT")
      ->required()
      ->check(device_agent::CheckAddress);
  app.add_option("--name", flags.name, "name of this device, unique in the farm; default: --board");
  app.add_option("--tag", tags, "KEY=VALUE that candidates may ask for; may be repeated")
      ->allow_extra_args(false)
      ->check(CheckTag);
  app.add_option("--serial", flags.serial, "serial number of the probe, where there are several");
  app.add_option("--usb-devices", flags.usb_devices,
                 "folder in which the kernel lists USB devices, where it is mounted elsewhere")
      ->capture_default_str();
  app.add_option("--power-hook", flags.power_hook,
                 "shell command that cycles the board's power, e.g. \"uhubctl -l 1-3 -p 2 -a "
                 "cycle\"");
  app.add_option("--openocd", flags.openocd, "OpenOCD's program")->capture_default_str();
  app.add_option(
      "--boards-dir", flags.boards_dir,
      "folder of board descriptions and firmware; default: ../boards beside this program");
  app.add_option("--state-dir", flags.state_dir,
                 "folder for the list of kernels that took a board down")
      ->capture_default_str();
  app.add_option("--token-file", flags.token_file, "file whose first line is the tracker's token");
  app.add_option("--batch", flags.batch, "candidates that share one load of the board")
      ->check(CLI::Range(1u, kMostInBatch))
      ->capture_default_str();
  app.add_flag("--run-quarantined", flags.run_quarantined,
               "run kernels again that took such a board down before");
  app.add_flag("--use-flash", flags.use_flash,
               "kernels and constants may be programmed into the flash that the board's map names: "
               "what is there is lost, and it wears");
  app.add_flag("--die-with-parent", flags.die_with_parent,
               "end when the thread that started this process ends");
  app.add_option("--log-level", flags.log_level, "trace, debug, info, warn, error or off")
      ->capture_default_str();
}

}  // namespace

std::optional<BridgeFlags> ParseBridgeFlags(int argc, char** argv, int* exit_code) {
  BridgeFlags flags;
  flags.state_dir = DefaultStateDir();
  std::vector<std::string> tags;
  CLI::App app("Runs kernels on a board without an operating system for a Tunefarm tracker.",
               "tuner-mcu-agent");
  AddOptions(app, flags, tags);
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp& help) {
    std::printf("%s", app.help().c_str());
    *exit_code = 0;
    return std::nullopt;
  } catch (const CLI::ParseError& error) {
    std::fprintf(stderr, "tuner-mcu-agent: %s (--help shows all options)\n", error.what());
    *exit_code = kUsageError;
    return std::nullopt;
  }
  for (const std::string& tag : tags) {
    const size_t equals = tag.find('=');
    flags.tags[tag.substr(0, equals)] = tag.substr(equals + 1);
  }
  if (flags.board.starts_with(kEmulatedPrefix)) {
    flags.emulated = true;
    flags.board.erase(0, sizeof(kEmulatedPrefix) - 1);
  }
  if (flags.name.empty()) flags.name = flags.board;
  return flags;
}

}  // namespace tunefarm::mcu_agent
