// The board at the end of a cable: its OpenOCD, its power, and for an emulated board the emulator.
//
// The BoardControl of tuner-mcu-agent. Every process it starts dies with it.
#ifndef TUNEFARM_MCU_AGENT_BRIDGE_OPENOCD_BOARD_H_
#define TUNEFARM_MCU_AGENT_BRIDGE_OPENOCD_BOARD_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/ready_program.h"
#include "mcu_agent/boards/board_map.h"
#include "mcu_agent/bridge/board_control.h"
#include "mcu_agent/bridge/openocd_link.h"
#include "mcu_agent/bridge/pace.h"

namespace tunefarm::mcu_agent {

struct OpenOcdBoardOptions {
  std::string openocd = "openocd";
  std::string serial;      // Of the probe; "": the only one.
  std::string power_hook;  // Shell command that cycles the board's power; "": there is none.
  // Executable of tuner-emulated-board: it is started in place of a probe. "": a real one is used.
  std::string emulated_board;
  // Where the started emulated board takes commands; for tests, told once it is up.
  std::function<void(uint16_t control_port)> on_emulator;
  std::string usb_devices = "/sys/bus/usb/devices";
  absl::Duration command_timeout = OpenOcdLink::kCommandTimeout;
};

class OpenOcdBoard : public BoardControl {
 public:
  // `board` and `pace` must outlive it. Nothing is started yet.
  OpenOcdBoard(OpenOcdBoardOptions options, const BoardMap* board, const Pace* pace);
  ~OpenOcdBoard() override;

  // Whether kPowerCycle can be given.
  static bool HasPower(const OpenOcdBoardOptions& options) {
    return !options.power_hook.empty() || !options.emulated_board.empty();
  }

  absl::Status Cure(Rung rung) override;
  BoardSession& session() override { return *session_; }

 private:
  absl::Status Boot(bool load);
  absl::Status StartDebugger();
  absl::Status StartEmulator();
  absl::StatusOr<std::string> ProbeCommand();
  absl::Status CyclePower();

  const OpenOcdBoardOptions options_;
  const BoardMap& board_;
  const Pace& pace_;
  std::optional<base::ReadyProgram> emulator_;
  uint16_t stlink_port_ = 0;  // Of the emulator.
  std::unique_ptr<OpenOcdLink> link_;
  std::unique_ptr<BoardSession> session_;
};

}  // namespace tunefarm::mcu_agent

#endif  // TUNEFARM_MCU_AGENT_BRIDGE_OPENOCD_BOARD_H_
