// Which cure a board in trouble gets next: a pure state machine.
//
// The bridge's runner asks it after every trouble and carries out what it says (board.h). Cures
// come in order of cost: reset, load the firmware again, restart OpenOCD, cycle the power, give up.
// A symptom says below which rung it is no use to start; trouble that comes back before the board
// has done any work is met one rung higher.
#ifndef TUNEFARM_MCU_AGENT_BRIDGE_RECOVERY_LADDER_H_
#define TUNEFARM_MCU_AGENT_BRIDGE_RECOVERY_LADDER_H_

#include <string>
#include <vector>

namespace tunefarm::mcu_agent {

enum class Rung { kReset, kReload, kRestartOpenOcd, kPowerCycle, kQuarantine };
const char* Name(Rung rung);

enum class Symptom {
  kStuck,     // The debugger answers, the firmware does not.
  kBroken,    // The firmware says that it faulted, or memory is not what was written to it.
  kLinkLost,  // OpenOCD or its probe does not answer.
};

class RecoveryLadder {
 public:
  // Each of the upper rungs is tried so often before the next: what is outside of the chip may need
  // a moment to settle.
  static constexpr int kUpperTries = 2;
  // So many troubles in a row without a finished batch are enough, however well each was cured.
  static constexpr int kMostTroubles = 25;

  explicit RecoveryLadder(bool has_power_hook) : has_power_hook_(has_power_hook) {}

  // The rung to be tried now. Once it was kQuarantine it stays that until Reopen.
  Rung Next(Symptom symptom);

  // The board did some work after the last cure: the next trouble is a new one.
  void Progressed();
  // A batch was finished.
  void Finished();
  // A new start after quarantine: from the bottom.
  void Reopen();

  // What was tried since the board last worked, on one line: "halt and reset, reload
  // firmware".
  std::string History() const;

 private:
  int Tries(Rung rung) const;

  const bool has_power_hook_;
  bool climbing_ = false;  // A cure was tried and nothing worked since.
  Rung rung_ = Rung::kReset;
  int tries_ = 0;     // Of rung_, since climbing began.
  int troubles_ = 0;  // Since the last finished batch.
  std::vector<std::string> history_;
};

}  // namespace tunefarm::mcu_agent

#endif  // TUNEFARM_MCU_AGENT_BRIDGE_RECOVERY_LADDER_H_
