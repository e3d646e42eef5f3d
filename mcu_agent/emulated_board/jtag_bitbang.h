// A JTAG TAP with an Arm debug port (JTAG-DP) behind OpenOCD's remote_bitbang protocol, bytes in,
// bytes out.
//
// The second way into an emulated board: every bit passes through OpenOCD's own ADIv5 code, slowly.
#ifndef TUNEFARM_MCU_AGENT_EMULATED_BOARD_JTAG_BITBANG_H_
#define TUNEFARM_MCU_AGENT_EMULATED_BOARD_JTAG_BITBANG_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "mcu_agent/emulated_board/core_model.h"
#include "mcu_agent/emulated_board/debug_port.h"

namespace tunefarm::mcu_agent {

// The sixteen states of IEEE 1149.1.
enum class TapState : uint8_t {
  kReset,
  kIdle,
  kSelectDr,
  kCaptureDr,
  kShiftDr,
  kExit1Dr,
  kPauseDr,
  kExit2Dr,
  kUpdateDr,
  kSelectIr,
  kCaptureIr,
  kShiftIr,
  kExit1Ir,
  kPauseIr,
  kExit2Ir,
  kUpdateIr,
};

// Where a rising clock edge with this TMS leads.
TapState NextTapState(TapState state, bool tms);

// One connection. One thread.
class JtagBitbang {
 public:
  JtagBitbang(DebugPort* port, CoreModel* core, uint32_t idcode)
      : port_(port), core_(core), idcode_(idcode) {}

  // Takes characters of the stream and returns the answers to the reads among them. Characters that
  // are no commands are ignored.
  std::string Receive(std::string_view characters);

 private:
  void Clock(bool tms, bool tdi);
  void Capture();
  void Update();
  // A 35-bit access: data, address bits [3:2], read or write.
  void Access(bool ap);

  DebugPort* const port_;
  CoreModel* const core_;
  const uint32_t idcode_;
  TapState state_ = TapState::kReset;
  bool clock_high_ = false;
  bool reset_held_ = false;
  uint32_t instruction_ = 0;
  uint64_t shift_ = 0;
  int shift_bits_ = 1;
  uint32_t last_read_ = 0;
};

}  // namespace tunefarm::mcu_agent

#endif  // TUNEFARM_MCU_AGENT_EMULATED_BOARD_JTAG_BITBANG_H_
