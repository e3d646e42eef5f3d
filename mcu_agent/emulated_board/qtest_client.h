// QEMU's qtest socket: memory of the machine, devices included, while the core runs or not.
#ifndef TUNEFARM_MCU_AGENT_EMULATED_BOARD_QTEST_CLIENT_H_
#define TUNEFARM_MCU_AGENT_EMULATED_BOARD_QTEST_CLIENT_H_

#include <cstdint>
#include <span>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "mcu_agent/emulated_board/socket.h"

namespace tunefarm::mcu_agent {

// One thread. Unmapped addresses read as zeros: the caller must know what is mapped. Errors:
// kUnavailable (QEMU is gone), kDeadlineExceeded, kInternal (QEMU refuses).
class QtestClient {
 public:
  explicit QtestClient(Socket socket) : socket_(std::move(socket)) {}

  absl::Status Read(uint32_t address, std::span<uint8_t> bytes);
  absl::Status Write(uint32_t address, std::span<const uint8_t> bytes);
  absl::StatusOr<uint32_t> ReadWord(uint32_t address);
  absl::Status WriteWord(uint32_t address, uint32_t value);

 private:
  // The words after "OK".
  absl::StatusOr<std::string> Ask(const std::string& line);

  Socket socket_;
  std::string received_;
};

}  // namespace tunefarm::mcu_agent

#endif  // TUNEFARM_MCU_AGENT_EMULATED_BOARD_QTEST_CLIENT_H_
