// QEMU's machine protocol, as far as a reset needs it.
#ifndef TUNEFARM_MCU_AGENT_EMULATED_BOARD_QMP_CLIENT_H_
#define TUNEFARM_MCU_AGENT_EMULATED_BOARD_QMP_CLIENT_H_

#include <string>

#include "absl/status/status.h"
#include "mcu_agent/emulated_board/socket.h"

namespace tunefarm::mcu_agent {

// One thread. Errors: kUnavailable (QEMU is gone), kDeadlineExceeded.
class QmpClient {
 public:
  explicit QmpClient(Socket socket) : socket_(std::move(socket)) {}

  absl::Status Start();        // The handshake.
  absl::Status SystemReset();  // Returns after the reset has happened.

 private:
  // Sends `command` and reads on until a line contains `awaited`.
  absl::Status Execute(const std::string& command, const std::string& awaited);

  Socket socket_;
  std::string received_;
};

}  // namespace tunefarm::mcu_agent

#endif  // TUNEFARM_MCU_AGENT_EMULATED_BOARD_QMP_CLIENT_H_
