// What can go wrong on a real bench, on command: the recovery of a bridge is tested with it.
//
//   dead-probe   the probe accepts bytes and never answers (a hung ST-Link)
//   dead-cable   the probe answers that the target does not
//   stuck-core   the core neither runs nor halts; memory can still be read
//   corrupt-word after=N        one bit flips in the word written after N more bytes
//   brown-out    after=N        the supply dips after N more written bytes: RAM is lost, the core
//   resets power-off / power-on / power-cycle clear        everything is well again
//
// dead-probe, dead-cable and stuck-core take until=command|reset|reconnect|power: what ends them
// besides `clear` (default: command, nothing else). A power cycle ends them all, except
// until=command.
#ifndef TUNEFARM_MCU_AGENT_EMULATED_BOARD_MISBEHAVIOUR_H_
#define TUNEFARM_MCU_AGENT_EMULATED_BOARD_MISBEHAVIOUR_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"

namespace tunefarm::mcu_agent {

enum class Fault { kDeadProbe, kDeadCable, kStuckCore };
inline constexpr int kNumFaults = 3;

// What ends a fault.
enum class Until { kCommand, kReset, kReconnect, kPower };

enum class PowerChange { kOff, kOn, kCycle };

struct MisbehaviourCommand {
  std::optional<Fault> fault;
  Until until = Until::kCommand;
  std::optional<uint64_t> corrupt_after_bytes;
  std::optional<uint64_t> brown_out_after_bytes;
  std::optional<PowerChange> power;
  bool clear = false;
};

// Parses one line as above. kInvalidArgument says which word is wrong.
absl::StatusOr<MisbehaviourCommand> ParseMisbehaviour(const std::string& line);

// The faults that are on. A plain value with rules; no I/O.
class Misbehaviour {
 public:
  void Apply(const MisbehaviourCommand& command);

  bool Has(Fault fault) const { return until_[static_cast<int>(fault)].has_value(); }

  // The event happened: faults that last until it end.
  void On(Until event);

  // Before `bytes` bytes are written to memory. The offset in them where a bit flips, if one does.
  std::optional<uint64_t> CorruptionIn(uint64_t bytes);
  // The number of them that are still written before the supply dips, if it does.
  std::optional<uint64_t> BrownOutIn(uint64_t bytes);

 private:
  std::optional<Until> until_[kNumFaults];
  std::optional<uint64_t> corrupt_after_bytes_;
  std::optional<uint64_t> brown_out_after_bytes_;
};

}  // namespace tunefarm::mcu_agent

#endif  // TUNEFARM_MCU_AGENT_EMULATED_BOARD_MISBEHAVIOUR_H_
