// An emulated board with the real OpenOCD at its debug port, as the tests drive them.
#ifndef TUNEFARM_TESTS_INTEGRATION_MCU_AGENT_DEBUGGER_H_
#define TUNEFARM_TESTS_INTEGRATION_MCU_AGENT_DEBUGGER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "mcu_agent/boards/board_map.h"
#include "mcu_agent/bridge/openocd_process.h"
#include "tests/support/program.h"

namespace tunefarm::mcu_agent {

// Why these tests cannot run here (openocd or qemu-system-arm is missing), or "".
std::string MissingTools();

// tuner-emulated-board as a child process.
class BoardProcess {
 public:
  explicit BoardProcess(const std::string& machine, std::vector<std::string> more_args = {});

  uint16_t stlink_port() const { return stlink_port_; }
  uint16_t jtag_port() const { return jtag_port_; }
  // Sends a command to the control port; "ok" or an error.
  std::string Command(const std::string& line);
  testing::Program& program() { return program_; }

 private:
  testing::Program program_;
  uint16_t stlink_port_ = 0, jtag_port_ = 0, control_port_ = 0;
};

// The real OpenOCD, started as the bridge starts it.
class Debugger {
 public:
  // `probe`: "TUNEFARM_STLINK_PORT 1234" or "TUNEFARM_JTAG_PORT 1234".
  Debugger(const BoardMap& map, const std::string& probe);

  // What the Tcl command gives; failures of the command are its text.
  std::string Tcl(const std::string& command);
  // Words through read_memory and write_memory; failures are test failures.
  std::vector<uint32_t> Read(uint32_t address, size_t num_words);
  void Write(uint32_t address, const std::vector<uint32_t>& words);

  std::vector<uint8_t> ReadBytes(uint32_t address, size_t num_bytes);
  // Padded with zeros to words.
  void WriteBytes(uint32_t address, const void* bytes, size_t num_bytes);

 private:
  std::unique_ptr<OpenOcdProcess> openocd_;  // Null: it did not start, which failed the test.
};

// The built map of a board.
BoardMap BuiltMap(const std::string& board);

}  // namespace tunefarm::mcu_agent

#endif  // TUNEFARM_TESTS_INTEGRATION_MCU_AGENT_DEBUGGER_H_
