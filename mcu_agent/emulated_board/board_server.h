// The event loop of an emulated board: accepts a debugger and people with a control socket.
#ifndef TUNEFARM_MCU_AGENT_EMULATED_BOARD_BOARD_SERVER_H_
#define TUNEFARM_MCU_AGENT_EMULATED_BOARD_BOARD_SERVER_H_

#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "mcu_agent/emulated_board/core_model.h"
#include "mcu_agent/emulated_board/debug_port.h"
#include "mcu_agent/emulated_board/jtag_bitbang.h"
#include "mcu_agent/emulated_board/machines.h"
#include "mcu_agent/emulated_board/misbehaviour.h"
#include "mcu_agent/emulated_board/socket.h"
#include "mcu_agent/emulated_board/stlink_protocol.h"

namespace tunefarm::mcu_agent {

struct BoardOptions {
  uint16_t stlink_port = 0;  // 0: the system chooses, here and below.
  bool jtag = false;         // Listen for JTAG remote_bitbang too.
  uint16_t jtag_port = 0;
  uint16_t control_port = 0;
  std::string serial;  // Of the probe.
};

// One thread. One debugger at a time: a newer connection takes the place of the older one.
class BoardServer {
 public:
  // `link` is borrowed. kUnavailable: a port is taken.
  static absl::StatusOr<std::unique_ptr<BoardServer>> Listen(CoreLink* link,
                                                             const MachineInfo& machine,
                                                             const BoardOptions& options);

  uint16_t stlink_port() const { return PortOf(stlink_listener_); }
  uint16_t jtag_port() const { return jtag_listener_.valid() ? PortOf(jtag_listener_) : 0; }
  uint16_t control_port() const { return PortOf(control_listener_); }

  // Serves until `stop_fd` is readable or a control connection says "quit".
  absl::Status Serve(int stop_fd);

 private:
  struct ControlClient {
    Socket socket;
    std::string received;
  };

  BoardServer(CoreLink* link, const MachineInfo& machine, BoardOptions options)
      : machine_(machine),
        options_(std::move(options)),
        core_(link, machine.vectors, &misbehaviour_),
        port_(&core_, &misbehaviour_, machine.swd_idcode),
        jtag_port_model_(&core_, &misbehaviour_, machine.swd_idcode) {}

  void AcceptStlink();
  void AcceptJtag();
  void AcceptControl();
  void ServeStlink();
  void ServeJtag();
  // False when the connection is over.
  bool ServeControl(ControlClient& client);
  std::string Command(const std::string& line);

  const MachineInfo machine_;
  const BoardOptions options_;
  Misbehaviour misbehaviour_;
  CoreModel core_;
  DebugPort port_;             // Seen by the ST-Link.
  DebugPort jtag_port_model_;  // Seen by JTAG.
  Socket stlink_listener_, jtag_listener_, control_listener_;
  Socket stlink_client_, jtag_client_;
  std::optional<StlinkProtocol> stlink_;
  std::optional<JtagBitbang> jtag_;
  std::list<ControlClient> control_clients_;
  bool quit_ = false;
};

}  // namespace tunefarm::mcu_agent

#endif  // TUNEFARM_MCU_AGENT_EMULATED_BOARD_BOARD_SERVER_H_
