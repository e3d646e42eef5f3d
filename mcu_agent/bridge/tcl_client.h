// OpenOCD's Tcl server, spoken to with a deadline on every command.
//
// The lowest part of the bridge: openocd_link.h turns words of the debugger into commands,
// openocd_process.h starts the server. Relies on base only. A command and its reply each end with
// the byte 0x1a; there are no request numbers, so a reply that came too late can not be told from
// the next one: after any error of the connection this client is dead and says so.
#ifndef TUNEFARM_MCU_AGENT_BRIDGE_TCL_CLIENT_H_
#define TUNEFARM_MCU_AGENT_BRIDGE_TCL_CLIENT_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/unique_fd.h"

namespace tunefarm::mcu_agent {

// Move-only. One thread at a time.
class TclClient {
 public:
  // Replies above this end the connection: no command of the bridge has one nearly as long.
  static constexpr size_t kMaxReplyBytes = size_t{16} << 20;

  // Connects to 127.0.0.1:`port`. Errors: UNAVAILABLE (refused), DEADLINE_EXCEEDED.
  static absl::StatusOr<TclClient> Connect(uint16_t port, absl::Duration timeout);

  // Runs one command and returns its result, white space at the ends stripped. Errors:
  // FAILED_PRECONDITION: the command failed in OpenOCD, whose words are the message ("" where it
  // only logged them); the connection goes on. UNAVAILABLE (closed) and DEADLINE_EXCEEDED (no reply
  // within `timeout`): the connection is over, and every later call says so.
  absl::StatusOr<std::string> Call(const std::string& command, absl::Duration timeout);

  // False after an error of the connection.
  bool alive() const { return socket_.valid(); }

 private:
  explicit TclClient(base::UniqueFd socket) : socket_(std::move(socket)) {}

  absl::StatusOr<std::string> Exchange(const std::string& bytes, absl::Duration deadline);

  base::UniqueFd socket_;
};

}  // namespace tunefarm::mcu_agent

#endif  // TUNEFARM_MCU_AGENT_BRIDGE_TCL_CLIENT_H_
