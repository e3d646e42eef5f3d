// The debug side of a Cortex-M core as a debugger sees it through a MEM-AP: memory with the debug
// registers in it, on top of a core that only knows how to run, halt and step.
//
// Modelled: DHCSR, DCRSR, DCRDR, DEMCR, DFSR, AIRCR's reset, FPB breakpoints (revision 2), a BKPT
// that the debugger writes as one halfword. Everything else in the private peripheral bus is the
// core's own. Not modelled: DWT comparators, vector catch other than after a reset, MSP, PSP and
// CONTROL (QEMU hides them).
#ifndef TUNEFARM_MCU_AGENT_EMULATED_BOARD_CORE_MODEL_H_
#define TUNEFARM_MCU_AGENT_EMULATED_BOARD_CORE_MODEL_H_

#include <array>
#include <cstdint>
#include <set>
#include <span>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "mcu_agent/emulated_board/core_link.h"
#include "mcu_agent/emulated_board/misbehaviour.h"

namespace tunefarm::mcu_agent {

// One thread. Starts as a board that was just plugged in: powered, with the core out of reset.
class CoreModel {
 public:
  // `vectors`: where a reset reads SP and PC. `link` and `misbehaviour` are borrowed.
  CoreModel(CoreLink* link, uint32_t vectors, Misbehaviour* misbehaviour)
      : link_(link), vectors_(vectors), misbehaviour_(misbehaviour) {}

  // Errors: kOutOfRange (a bus fault), kUnavailable (no power, or the core locked up just now).
  absl::Status Read(uint32_t address, std::span<uint8_t> bytes);
  absl::Status Write(uint32_t address, std::span<const uint8_t> bytes);

  // The reset line is released, or SYSRESETREQ was written.
  void Reset();
  void SetPower(PowerChange change);
  bool powered() const { return powered_; }
  // A fault was put on or taken off: a core that is now stuck stops executing.
  void MisbehaviourChanged();

 private:
  enum class State { kParked, kRunning, kHalted, kLockup };

  absl::StatusOr<uint32_t> ReadDebugWord(uint32_t address);
  absl::Status WriteDebugWord(uint32_t address, uint32_t value);
  uint32_t ReadDhcsr();
  void WriteDhcsr(uint32_t value);
  void TransferRegister(uint32_t selector);
  absl::Status WriteBreakpointUnit(uint32_t address, uint32_t value);
  // Puts a breakpoint there or takes it away, whether the core runs or not.
  absl::Status ChangeBreakpoint(uint32_t address, bool set);
  absl::Status WriteMemory(uint32_t address, std::span<const uint8_t> bytes);
  void TrackSoftBreakpoints(uint32_t address, std::span<const uint8_t> bytes);
  void PollStop();
  void Start();
  // Notes a lockup if `status` says that the emulator is gone, and starts another.
  absl::Status Checked(absl::Status status);
  bool stuck() const { return misbehaviour_->Has(Fault::kStuckCore); }

  static constexpr int kNumComparators = 6;

  CoreLink* const link_;
  const uint32_t vectors_;
  Misbehaviour* const misbehaviour_;
  // Parked: out of reset, with nothing to execute. A chip would run into a lockup; QEMU would
  // abort.
  State state_ = State::kParked;
  bool powered_ = true;
  bool reset_seen_ = true;    // S_RESET_ST
  bool retired_seen_ = true;  // S_RETIRE_ST
  uint32_t dhcsr_control_ = 0;
  uint32_t dcrdr_ = 0;
  uint32_t demcr_ = 0;
  uint32_t dfsr_ = 0;
  uint32_t fp_control_ = 0;
  std::array<uint32_t, kNumComparators> comparators_ = {};
  std::array<uint32_t, 4> hidden_registers_ = {};  // MSP, PSP, -, CONTROL and its neighbours.
  std::set<uint32_t> soft_breakpoints_;
};

}  // namespace tunefarm::mcu_agent

#endif  // TUNEFARM_MCU_AGENT_EMULATED_BOARD_CORE_MODEL_H_
