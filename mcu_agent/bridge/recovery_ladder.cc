#include "mcu_agent/bridge/recovery_ladder.h"

#include <algorithm>

#include "absl/strings/str_join.h"

namespace tunefarm::mcu_agent {
namespace {

constexpr size_t kMostHistory = 6;  // Cures kept: a reason is to be read by people.

Rung FirstRung(Symptom symptom) {
  switch (symptom) {
    case Symptom::kStuck:
      return Rung::kReset;
    case Symptom::kBroken:
      return Rung::kReload;
    case Symptom::kLinkLost:
      return Rung::kRestartOpenOcd;
  }
  return Rung::kReset;
}

Rung Above(Rung rung, bool has_power_hook) {
  switch (rung) {
    case Rung::kReset:
      return Rung::kReload;
    case Rung::kReload:
      return Rung::kRestartOpenOcd;
    case Rung::kRestartOpenOcd:
      return has_power_hook ? Rung::kPowerCycle : Rung::kQuarantine;
    default:
      return Rung::kQuarantine;
  }
}

}  // namespace

const char* Name(Rung rung) {
  switch (rung) {
    case Rung::kReset:
      return "halt and reset";
    case Rung::kReload:
      return "reload firmware";
    case Rung::kRestartOpenOcd:
      return "restart OpenOCD";
    case Rung::kPowerCycle:
      return "power cycle";
    case Rung::kQuarantine:
      return "quarantine";
  }
  return "?";
}

int RecoveryLadder::Tries(Rung rung) const {
  return rung >= Rung::kRestartOpenOcd ? kUpperTries : 1;
}

Rung RecoveryLadder::Next(Symptom symptom) {
  ++troubles_;
  if (!climbing_) {
    climbing_ = true;
    rung_ = FirstRung(symptom);
    tries_ = 0;
  } else if (rung_ != Rung::kQuarantine) {
    if (tries_ >= Tries(rung_)) {
      rung_ = Above(rung_, has_power_hook_);
      tries_ = 0;
    }
    if (FirstRung(symptom) > rung_) {
      rung_ = FirstRung(symptom);
      tries_ = 0;
    }
  }
  if (troubles_ > kMostTroubles) rung_ = Rung::kQuarantine;
  ++tries_;
  if (rung_ != Rung::kQuarantine) history_.push_back(Name(rung_));
  if (history_.size() > kMostHistory) history_.erase(history_.begin());
  return rung_;
}

void RecoveryLadder::Progressed() {
  if (rung_ != Rung::kQuarantine) climbing_ = false;
}

void RecoveryLadder::Finished() {
  Progressed();
  troubles_ = 0;
  history_.clear();
}

void RecoveryLadder::Reopen() {
  rung_ = Rung::kReset;
  climbing_ = false;
  troubles_ = 0;
  history_.clear();
}

std::string RecoveryLadder::History() const { return absl::StrJoin(history_, ", "); }

}  // namespace tunefarm::mcu_agent
