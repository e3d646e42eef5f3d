// A CoreSight debug port with one MEM-AP (ADIv5), as registers: what both front ends talk to.
//
// Stands between the front ends (stlink_protocol.h, jtag_tap.h) and the core (core_model.h).
#ifndef TUNEFARM_MCU_AGENT_EMULATED_BOARD_DEBUG_PORT_H_
#define TUNEFARM_MCU_AGENT_EMULATED_BOARD_DEBUG_PORT_H_

#include <cstdint>
#include <span>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "mcu_agent/emulated_board/core_model.h"
#include "mcu_agent/emulated_board/misbehaviour.h"

namespace tunefarm::mcu_agent {

// DP registers, by their address in bits [3:2].
inline constexpr uint32_t kDpIdr = 0x0;  // ABORT when written.
inline constexpr uint32_t kDpCtrlStat = 0x4;
inline constexpr uint32_t kDpSelect = 0x8;
inline constexpr uint32_t kDpRdbuff = 0xC;

// One thread. Errors of all calls: kUnavailable (the cable is dead or the power is off). A fault on
// the bus is no error here: it sets STICKYERR, as on the chip.
class DebugPort {
 public:
  DebugPort(CoreModel* core, Misbehaviour* misbehaviour, uint32_t dpidr)
      : core_(core), misbehaviour_(misbehaviour), dpidr_(dpidr) {}

  absl::StatusOr<uint32_t> ReadDp(uint32_t reg);
  // `write_one_clears`: a JTAG-DP clears STICKYERR by writing 1 to it in CTRL/STAT.
  absl::Status WriteDp(uint32_t reg, uint32_t value, bool write_one_clears);
  // `reg`: the register's address in the AP with its bank, 0x00-0xFC.
  absl::StatusOr<uint32_t> ReadAp(uint32_t ap, uint32_t reg);
  absl::Status WriteAp(uint32_t ap, uint32_t reg, uint32_t value);

  // A run of memory as an ST-Link does it by itself. kOutOfRange: a bus fault; STICKYERR stays
  // clear.
  absl::Status ReadMemory(uint32_t address, std::span<uint8_t> bytes);
  absl::Status WriteMemory(uint32_t address, std::span<const uint8_t> bytes);

  uint32_t select() const { return select_; }

 private:
  absl::Status CheckCable();
  absl::StatusOr<uint32_t> ReadData(uint32_t address);
  absl::Status WriteData(uint32_t address, uint32_t value);
  void AdvanceTar();
  uint32_t AccessBytes() const;

  CoreModel* const core_;
  Misbehaviour* const misbehaviour_;
  const uint32_t dpidr_;
  bool was_powered_ = true;
  uint32_t ctrl_stat_ = 0;
  uint32_t select_ = 0;
  uint32_t read_buffer_ = 0;
  uint32_t csw_ = 0;
  uint32_t tar_ = 0;
};

}  // namespace tunefarm::mcu_agent

#endif  // TUNEFARM_MCU_AGENT_EMULATED_BOARD_DEBUG_PORT_H_
