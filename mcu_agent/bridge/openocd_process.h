// An OpenOCD of our own, one per probe: started, watched and ended with the bridge.
//
// Stands below openocd_link.h and relies on base and tcl_client.h. Nothing is shared with an
// OpenOCD that somebody else runs: it listens on a port of 127.0.0.1 that the system chose, takes
// no gdb and no telnet, and dies when the bridge dies.
#ifndef TUNEFARM_MCU_AGENT_BRIDGE_OPENOCD_PROCESS_H_
#define TUNEFARM_MCU_AGENT_BRIDGE_OPENOCD_PROCESS_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/child_process.h"
#include "mcu_agent/bridge/tcl_client.h"

namespace tunefarm::mcu_agent {

struct OpenOcdSpec {
  std::string program = "openocd";  // Looked up in PATH unless it has a slash.
  // Tcl commands in the order in which they are run before `init`: "source [find ...]",
  // "adapter serial ...".
  std::vector<std::string> commands;
  absl::Duration start_timeout = absl::Seconds(10);
};

class OpenOcdProcess {
 public:
  // Returns when the Tcl server has answered, which is after `init`. Errors: NOT_FOUND (no such
  // program, or one older than 0.12), UNAVAILABLE (ended: with the first error that
  // it logged), DEADLINE_EXCEEDED.
  static absl::StatusOr<std::unique_ptr<OpenOcdProcess>> Start(const OpenOcdSpec& spec);

  TclClient& tcl() { return tcl_; }
  pid_t pid() const { return process_.pid(); }
  // False once it has ended.
  bool IsRunning() { return process_.IsRunning(); }
  // How many bytes of log there are; with ErrorsSince, what a command logged.
  size_t LogSize() const;
  // The first line that OpenOCD logged as an error after `log_size`, without "Error: "; "" if none.
  std::string ErrorSince(size_t log_size) const;

 private:
  OpenOcdProcess(base::ChildProcess process, TclClient tcl)
      : process_(std::move(process)), tcl_(std::move(tcl)) {}

  base::ChildProcess process_;
  TclClient tcl_;
};

// "0.12.0" of `openocd --version`'s output; "" where there is none. For tests.
std::string OpenOcdVersion(const std::string& version_output);
// Whether that is a version the bridge can use: 0.12 or later.
bool IsUsableVersion(const std::string& version);

}  // namespace tunefarm::mcu_agent

#endif  // TUNEFARM_MCU_AGENT_BRIDGE_OPENOCD_PROCESS_H_
