// The QEMU machines that can play a board: what their debug ports call themselves, which addresses
// answer.
#ifndef TUNEFARM_MCU_AGENT_EMULATED_BOARD_MACHINES_H_
#define TUNEFARM_MCU_AGENT_EMULATED_BOARD_MACHINES_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "mcu_agent/boards/board_map.h"

namespace tunefarm::mcu_agent {

struct MachineInfo {
  std::string name;
  uint32_t swd_idcode = 0;           // DPIDR.
  uint32_t jtag_idcode = 0;          // Of the TAP.
  std::vector<MemoryRange> memory;   // RAM and ROM.
  std::vector<MemoryRange> devices;  // Peripherals, accessed by words.
  uint32_t vectors = 0;              // Where a reset reads SP and PC.
  bool has_stm32f4_flash = false;    // stm32f4_flash.h stands in for its flash controller.
};

// kNotFound lists the machines that there are.
absl::StatusOr<MachineInfo> FindMachine(const std::string& name);

}  // namespace tunefarm::mcu_agent

#endif  // TUNEFARM_MCU_AGENT_EMULATED_BOARD_MACHINES_H_
