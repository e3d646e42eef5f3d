#include "device_agent/agent_flags.h"

#include <cstdio>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/strings/numbers.h"

namespace tunefarm::device_agent {
namespace {

constexpr int kUsageError = 2;

// "" when it is HOST:PORT, else what is wrong; CLI11's form of a check.
std::string CheckAddress(const std::string& text) {
  const size_t colon = text.rfind(':');
  int port = 0;
  if (colon == std::string::npos || colon == 0 ||
      !absl::SimpleAtoi(text.substr(colon + 1), &port) || port < 1 || port > 65535) {
    return "\"" + text + "\" is not HOST:PORT";
  }
  return "";
}

std::string CheckTag(const std::string& text) {
  const size_t equals = text.find('=');
  return equals == std::string::npos || equals == 0 ? "\"" + text + "\" is not KEY=VALUE" : "";
}

std::string CheckName(const std::string& text) {
  return text.empty() ? "a device needs a name" : "";
}

}  // namespace

std::optional<AgentFlags> ParseAgentFlags(int argc, char** argv, int* exit_code) {
  AgentFlags flags;
  std::vector<std::string> tags;
  CLI::App app("Runs kernels on this machine for a Tunefarm tracker.", "tuner-agent");
  app.add_option("--tracker", flags.tracker, "address of the tracker, HOST:PORT")
      ->required()
      ->check(CheckAddress);
  app.add_option("--name", flags.name, "name of this device, unique in the farm")
      ->required()
      ->check(CheckName);
  app.add_option("--tag", tags, "KEY=VALUE that candidates may ask for; may be repeated")
      ->allow_extra_args(false)
      ->check(CheckTag);
  app.add_option(
      "--core", flags.core,
      "core that kernels run on: big, little or a number; default: what the tag \"core\" "
      "says, else big: the last of the fastest cores");
  app.add_option(
      "--hold-above", flags.hold_above_celsius,
      "degrees C from which the agent waits for the processor to cool by 10 before it runs "
      "a kernel; negative: never; default: below where the system holds it back");
  app.add_option("--system-root", flags.system_root,
                 "read /proc and /sys below this directory (for trials of the agent itself)")
      ->check(CLI::ExistingDirectory);
  app.add_option("--token-file", flags.token_file, "file whose first line is the tracker's token");
  app.add_option("--memory-limit", flags.memory_limit_mib,
                 "MiB for a candidate's buffers, and again for what it takes beside them; "
                 "default: half of the memory")
      ->check(CLI::PositiveNumber);
  app.add_flag("--emulated", flags.emulated,
               "this device is an emulator: its timings never compete with hardware");
  app.add_option("--emulator", flags.emulator,
                 "QEMU's user-mode program that this agent runs under: it starts its own processes "
                 "with it too. Implies --emulated and --without-seccomp");
  app.add_flag("--without-seccomp", flags.without_seccomp,
               "hold kernels by limits alone, where the system has no seccomp filters");
  app.add_flag("--die-with-parent", flags.die_with_parent,
               "end when the thread that started this process ends");
  app.add_option("--log-level", flags.log_level, "trace, debug, info, warn, error or off")
      ->capture_default_str();
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp& help) {
    std::printf("%s", app.help().c_str());
    *exit_code = 0;
    return std::nullopt;
  } catch (const CLI::ParseError& error) {
    std::fprintf(stderr, "tuner-agent: %s (--help shows all options)\n", error.what());
    *exit_code = kUsageError;
    return std::nullopt;
  }
  if (!flags.emulator.empty()) flags.emulated = flags.without_seccomp = true;
  for (const std::string& tag : tags) {
    const size_t equals = tag.find('=');
    flags.tags[tag.substr(0, equals)] = tag.substr(equals + 1);
  }
  return flags;
}

}  // namespace tunefarm::device_agent
