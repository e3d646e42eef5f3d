// The part of the gdb remote protocol that QEMU's stub needs for registers and run control.
#ifndef TUNEFARM_MCU_AGENT_EMULATED_BOARD_GDB_CLIENT_H_
#define TUNEFARM_MCU_AGENT_EMULATED_BOARD_GDB_CLIENT_H_

#include <cstdint>
#include <span>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "mcu_agent/emulated_board/socket.h"

namespace tunefarm::mcu_agent {

// One thread. While the core runs nothing but Interrupt and PollStopped may be called: any other
// byte stops it. Errors: kUnavailable (QEMU is gone), kDeadlineExceeded, kInternal (the stub
// refuses).
class GdbClient {
 public:
  explicit GdbClient(Socket socket) : socket_(std::move(socket)) {}

  // Must be first: the stub answers p and P only after its description of registers was asked for.
  absl::Status Start();

  absl::StatusOr<uint64_t> ReadRegister(int number);
  absl::Status WriteRegister(int number, uint64_t value, int num_bytes);
  // ROM too.
  absl::Status WriteMemory(uint32_t address, std::span<const uint8_t> bytes);
  absl::Status SetBreakpoint(uint32_t address);
  absl::Status ClearBreakpoint(uint32_t address);
  absl::Status Continue();
  absl::Status Step();       // Returns when the step is done.
  absl::Status Interrupt();  // Returns when the core has stopped.
  absl::StatusOr<bool> PollStopped();

 private:
  absl::Status Send(const std::string& packet);
  absl::StatusOr<std::string> ReceivePacket();
  absl::StatusOr<std::string> Ask(const std::string& packet);
  absl::Status AskOk(const std::string& packet);

  Socket socket_;
  std::string received_;
};

}  // namespace tunefarm::mcu_agent

#endif  // TUNEFARM_MCU_AGENT_EMULATED_BOARD_GDB_CLIENT_H_
