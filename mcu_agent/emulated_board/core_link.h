// What the debug model asks of the emulated core: memory, registers and run control.
//
// Stands between the model (core_model.h), which knows what an Arm debug port looks like, and QEMU
// (qemu_machine.h), which executes. Tests put a fake here. Relies on absl only.
#ifndef TUNEFARM_MCU_AGENT_EMULATED_BOARD_CORE_LINK_H_
#define TUNEFARM_MCU_AGENT_EMULATED_BOARD_CORE_LINK_H_

#include <cstdint>
#include <span>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace tunefarm::mcu_agent {

// Register numbers of CoreLink: r0-r15 are themselves.
inline constexpr int kRegisterSp = 13;
inline constexpr int kRegisterPc = 15;
inline constexpr int kRegisterXpsr = 25;
inline constexpr int kRegisterD0 = 26;  // d0-d15 follow one another; 64 bits each.
inline constexpr int kRegisterFpscr = 42;

// One thread. Errors of every call: kUnavailable when the machine is gone (it aborts on a lockup).
class CoreLink {
 public:
  virtual ~CoreLink() = default;

  // Memory, whether the core runs or not. Words of devices and of the private peripheral bus are
  // accessed as words where address and size are multiples of 4. kOutOfRange: nothing answers
  // there.
  virtual absl::Status Read(uint32_t address, std::span<uint8_t> bytes) = 0;
  virtual absl::Status Write(uint32_t address, std::span<const uint8_t> bytes) = 0;
  // Memory that Write leaves as it is: what a flash controller does to its cells. Only while the
  // core is halted.
  virtual absl::Status WriteRom(uint32_t address, std::span<const uint8_t> bytes) = 0;

  // Only while the core is halted. 32-bit registers use the low half.
  virtual absl::StatusOr<uint64_t> ReadRegister(int number) = 0;
  virtual absl::Status WriteRegister(int number, uint64_t value) = 0;

  virtual absl::Status Resume() = 0;
  virtual absl::Status Halt() = 0;  // Returns when the core has stopped.
  virtual absl::Status Step() = 0;  // One instruction, interrupts held off.
  // System reset of a halted core; leaves it halted with SP and PC from the vector table.
  virtual absl::Status Reset() = 0;

  // The core stops before it executes the instruction at `address`. Only while it is halted.
  virtual absl::Status SetBreakpoint(uint32_t address) = 0;
  virtual absl::Status ClearBreakpoint(uint32_t address) = 0;

  // Of a running core: has it stopped by itself (a breakpoint)? Tells so once.
  virtual absl::StatusOr<bool> PollStopped() = 0;

  // Takes the power away, or brings it (back): RAM is then undefined (zeros) and the core halted.
  virtual void PowerOff() = 0;
  virtual absl::Status PowerOn() = 0;
};

}  // namespace tunefarm::mcu_agent

#endif  // TUNEFARM_MCU_AGENT_EMULATED_BOARD_CORE_LINK_H_
