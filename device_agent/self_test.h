// What this machine lacks to be a good device, and what to do about it: tuner-agent --self-test.
//
// Each check is one line: ok, warn (works, but timings are less to be trusted) or fail (would not
// work), with the reason and the remedy.
#ifndef TUNEFARM_DEVICE_AGENT_SELF_TEST_H_
#define TUNEFARM_DEVICE_AGENT_SELF_TEST_H_

#include <string>
#include <vector>

#include "device_agent/agent.h"
#include "device_agent/device/system_files.h"

namespace tunefarm::device_agent {

enum class Finding { kOk, kWarning, kFailure };

struct CheckLine {
  Finding finding;
  std::string subject;  // One word: "governor".
  std::string text;     // What was found, and what to do where it is not ok.
};

// What files of the system tell about a machine whose kernels run on `core`: governor, sensors,
// counters, memory. Pure but for reading them.
std::vector<CheckLine> CheckSystem(const SystemFiles& files, int core);

// What has to be tried: system-call filter, pages for code, the tracker.
std::vector<CheckLine> CheckAbilities(const AgentOptions& options, bool use_seccomp);

// Prints the lines to stdout. True unless one of them is a failure.
bool PrintFindings(const std::vector<CheckLine>& lines);

}  // namespace tunefarm::device_agent

#endif  // TUNEFARM_DEVICE_AGENT_SELF_TEST_H_
