// What a debug probe can do to a board: memory, run control, registers.
//
// Stands between the board's session (board_session.h) and the debugger; OpenOcdLink
// (openocd_link.h) is the one that goes to a real probe, tests have a board in memory. Addresses
// are the board's. Pure interface.
#ifndef TUNEFARM_MCU_AGENT_BRIDGE_DEBUG_LINK_H_
#define TUNEFARM_MCU_AGENT_BRIDGE_DEBUG_LINK_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace tunefarm::mcu_agent {

// Memory is read and written in whole 32-bit words: addresses and sizes are multiples of 4. Every
// call returns within a bounded time. Errors of every call: UNAVAILABLE or DEADLINE_EXCEEDED, the
// debugger or its probe is gone and no later call will do better; FAILED_PRECONDITION, the debugger
// works and the target refused.
class DebugLink {
 public:
  virtual ~DebugLink() = default;

  // Resets the chip; it stops before its first instruction.
  virtual absl::Status ResetAndHalt() = 0;
  virtual absl::Status Halt() = 0;
  // Goes on from where the core stands.
  virtual absl::Status Resume() = 0;
  // "pc", "sp", "xPSR", ... of the halted core.
  virtual absl::StatusOr<uint32_t> ReadRegister(const std::string& name) = 0;
  virtual absl::Status WriteRegister(const std::string& name, uint32_t value) = 0;

  // Places the segments of an ELF file where it says, and checks that they are there.
  virtual absl::Status LoadElf(const std::string& path) = 0;

  // Flash of the halted core: whole sectors become blank, and blank bytes are programmed. What lay
  // in RAM may be gone afterwards.
  virtual absl::Status EraseFlash(uint32_t address, uint32_t num_bytes) = 0;
  virtual absl::Status ProgramFlash(uint32_t address, std::string_view bytes) = 0;

  // Both work on a running core and do not stop it.
  virtual absl::StatusOr<std::string> Read(uint32_t address, uint32_t num_bytes) = 0;
  virtual absl::Status Write(uint32_t address, std::string_view bytes) = 0;
};

}  // namespace tunefarm::mcu_agent

#endif  // TUNEFARM_MCU_AGENT_BRIDGE_DEBUG_LINK_H_
