// A board in the bridge's hands: its session, and the cures it can be given.
//
// Stands between bridge_runner.h, which decides, and what is outside of the process: OpenOCD,
// power, an emulator (openocd_board.h). Tests have one in memory.
#ifndef TUNEFARM_MCU_AGENT_BRIDGE_BOARD_CONTROL_H_
#define TUNEFARM_MCU_AGENT_BRIDGE_BOARD_CONTROL_H_

#include "absl/status/status.h"
#include "mcu_agent/bridge/board_session.h"
#include "mcu_agent/bridge/recovery_ladder.h"

namespace tunefarm::mcu_agent {

class BoardControl {
 public:
  virtual ~BoardControl() = default;

  // Gives the cure `rung` (not kQuarantine) and brings the firmware up. OK: session() may be used.
  // NOT_FOUND and INVALID_ARGUMENT: no other cure will do better (no OpenOCD, no such board);
  // UNAVAILABLE and DEADLINE_EXCEEDED: the debugger or its probe does not answer; else the target.
  virtual absl::Status Cure(Rung rung) = 0;

  // Requires that the last Cure was OK. Valid until the next one.
  virtual BoardSession& session() = 0;
};

}  // namespace tunefarm::mcu_agent

#endif  // TUNEFARM_MCU_AGENT_BRIDGE_BOARD_CONTROL_H_
