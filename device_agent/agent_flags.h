// The command line of tuner-agent.
#ifndef TUNEFARM_DEVICE_AGENT_AGENT_FLAGS_H_
#define TUNEFARM_DEVICE_AGENT_AGENT_FLAGS_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace tunefarm::device_agent {

struct AgentFlags {
  std::string tracker;
  std::string name;
  std::map<std::string, std::string> tags;
  std::string core;  // big, little or a number; empty: big, or what the tag "core" says.
  double hold_above_celsius = 0;  // 0: what fits the machine; negative: never.
  std::string system_root;        // Below which /proc and /sys are read; empty: this machine's.
  std::string token_file;         // Empty: no token.
  uint64_t memory_limit_mib = 0;  // 0: half of the machine's memory.
  bool emulated = false;
  std::string emulator;  // Program that this process runs under; empty: none. Implies emulated.
  bool without_seccomp = false;
  bool die_with_parent = false;
  std::string log_level = "warn";
};

// Parses the arguments. Where there is nothing to run, prints help to stdout or one line of error
// to stderr, sets `exit_code` (0 or 2) and returns none.
std::optional<AgentFlags> ParseAgentFlags(int argc, char** argv, int* exit_code);

}  // namespace tunefarm::device_agent

#endif  // TUNEFARM_DEVICE_AGENT_AGENT_FLAGS_H_
