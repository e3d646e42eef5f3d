// The command line of tuner-mcu-agent.
#ifndef TUNEFARM_MCU_AGENT_BRIDGE_BRIDGE_FLAGS_H_
#define TUNEFARM_MCU_AGENT_BRIDGE_BRIDGE_FLAGS_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace tunefarm::mcu_agent {

struct BridgeFlags {
  std::string board;      // Name of the folder below the boards' folder.
  bool emulated = false;  // --board emulated:NAME.
  std::string tracker;
  std::string name;  // Empty: the board's.
  std::map<std::string, std::string> tags;
  std::string serial;
  std::string usb_devices = "/sys/bus/usb/devices";
  std::string power_hook;
  std::string openocd = "openocd";
  std::string boards_dir;  // Empty: beside this executable.
  std::string state_dir;   // Empty: nothing is remembered when the agent ends.
  std::string token_file;
  uint32_t batch = 16;
  bool run_quarantined = false;
  bool use_flash = false;
  bool die_with_parent = false;
  std::string log_level = "warn";
};

// Parses the arguments. Where there is nothing to run, prints help to stdout or one line of error
// to stderr, sets `exit_code` (0 or 2) and returns none.
std::optional<BridgeFlags> ParseBridgeFlags(int argc, char** argv, int* exit_code);

}  // namespace tunefarm::mcu_agent

#endif  // TUNEFARM_MCU_AGENT_BRIDGE_BRIDGE_FLAGS_H_
