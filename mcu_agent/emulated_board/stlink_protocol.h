// The protocol of ST's stlink-server (TCP), with one ST-LINK/V3 behind it, as bytes in and bytes
// out.
//
// The main way into an emulated board: OpenOCD's `st-link backend tcp PORT` with transport
// dapdirect_swd speaks it. What OpenOCD 0.12 sends is what is answered (F1, FB, F5, F7 and the F2
// commands below); other commands get a zeroed answer of the asked size. No sockets here.
#ifndef TUNEFARM_MCU_AGENT_EMULATED_BOARD_STLINK_PROTOCOL_H_
#define TUNEFARM_MCU_AGENT_EMULATED_BOARD_STLINK_PROTOCOL_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "mcu_agent/emulated_board/core_model.h"
#include "mcu_agent/emulated_board/debug_port.h"

namespace tunefarm::mcu_agent {

// One connection. One thread.
class StlinkProtocol {
 public:
  // `serial` is cut to 32 characters. Both pointers are borrowed.
  StlinkProtocol(DebugPort* port, CoreModel* core, std::string serial)
      : port_(port), core_(core), serial_(std::move(serial)) {}

  // Takes bytes of the stream in any portions and returns the answers to the requests that are now
  // complete. kInvalidArgument: no such request; the connection is of no more use.
  absl::StatusOr<std::string> Receive(std::string_view bytes);

 private:
  std::string AnswerServer(const std::string& request) const;
  // One USB command of 16 bytes with `out` bytes for it; returns exactly `in_bytes` bytes.
  std::string AnswerUsb(const std::string& command, const std::string& out, size_t in_bytes);
  std::string AnswerDebug(const std::string& command, const std::string& out, size_t in_bytes);
  std::string ReadMemory(const std::string& command, size_t in_bytes);
  void WriteMemory(const std::string& command, const std::string& out);
  std::string ReadDap(const std::string& command);
  std::string WriteDap(const std::string& command);
  void RunMiscellaneous(const std::string& command, const std::string& out);

  DebugPort* const port_;
  CoreModel* const core_;
  const std::string serial_;
  std::string received_;
  bool reset_held_ = false;           // The reset line is low.
  uint8_t last_status_ = 0x80;        // Of the last memory command.
  std::string miscellaneous_answer_;  // Of RW_MISC_OUT, until RW_MISC_IN asks for it.
};

}  // namespace tunefarm::mcu_agent

#endif  // TUNEFARM_MCU_AGENT_EMULATED_BOARD_STLINK_PROTOCOL_H_
