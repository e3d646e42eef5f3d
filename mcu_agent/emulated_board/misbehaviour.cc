#include "mcu_agent/emulated_board/misbehaviour.h"

#include <map>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"

namespace tunefarm::mcu_agent {
namespace {

const std::map<std::string, Fault> kFaults = {{"dead-probe", Fault::kDeadProbe},
                                              {"dead-cable", Fault::kDeadCable},
                                              {"stuck-core", Fault::kStuckCore}};
const std::map<std::string, PowerChange> kPower = {{"power-off", PowerChange::kOff},
                                                   {"power-on", PowerChange::kOn},
                                                   {"power-cycle", PowerChange::kCycle}};
const std::map<std::string, Until> kUntil = {{"command", Until::kCommand},
                                             {"reset", Until::kReset},
                                             {"reconnect", Until::kReconnect},
                                             {"power", Until::kPower}};

absl::Status Wrong(const std::string& word, const std::string& line) {
  return absl::InvalidArgumentError(absl::StrFormat("'%s' makes no sense in '%s'", word, line));
}

// If `countdown` falls within the next `bytes`, where; and it is over. Otherwise it comes nearer.
std::optional<uint64_t> Due(std::optional<uint64_t>& countdown, uint64_t bytes) {
  if (!countdown.has_value()) return std::nullopt;
  if (*countdown >= bytes) {
    *countdown -= bytes;
    return std::nullopt;
  }
  const uint64_t offset = *countdown;
  countdown.reset();
  return offset;
}

}  // namespace

absl::StatusOr<MisbehaviourCommand> ParseMisbehaviour(const std::string& line) {
  const std::vector<std::string> words = absl::StrSplit(line, ' ', absl::SkipEmpty());
  if (words.empty()) return Wrong("", line);
  MisbehaviourCommand command;
  const std::string& verb = words[0];
  const bool counts = verb == "corrupt-word" || verb == "brown-out";
  uint64_t after = 0;
  for (size_t i = 1; i < words.size(); ++i) {
    const size_t equals = words[i].find('=');
    const std::string key = words[i].substr(0, equals);
    const std::string value = equals == std::string::npos ? "" : words[i].substr(equals + 1);
    if (key == "until" && kFaults.count(verb) != 0 && kUntil.count(value) != 0) {
      command.until = kUntil.at(value);
    } else if (key != "after" || !counts || !absl::SimpleAtoi(value, &after)) {
      return Wrong(words[i], line);
    }
  }
  if (kFaults.count(verb) != 0) {
    command.fault = kFaults.at(verb);
  } else if (kPower.count(verb) != 0) {
    command.power = kPower.at(verb);
  } else if (verb == "corrupt-word") {
    command.corrupt_after_bytes = after;
  } else if (verb == "brown-out") {
    command.brown_out_after_bytes = after;
  } else if (verb == "clear") {
    command.clear = true;
  } else {
    return Wrong(verb, line);
  }
  return command;
}

void Misbehaviour::Apply(const MisbehaviourCommand& command) {
  if (command.clear) *this = Misbehaviour();
  if (command.fault.has_value()) until_[static_cast<int>(*command.fault)] = command.until;
  if (command.corrupt_after_bytes.has_value()) corrupt_after_bytes_ = command.corrupt_after_bytes;
  if (command.brown_out_after_bytes.has_value()) {
    brown_out_after_bytes_ = command.brown_out_after_bytes;
  }
}

void Misbehaviour::On(Until event) {
  for (std::optional<Until>& until : until_) {
    if (!until.has_value() || *until == Until::kCommand) continue;
    if (*until == event || event == Until::kPower) until.reset();
  }
}

std::optional<uint64_t> Misbehaviour::CorruptionIn(uint64_t bytes) {
  return Due(corrupt_after_bytes_, bytes);
}

std::optional<uint64_t> Misbehaviour::BrownOutIn(uint64_t bytes) {
  return Due(brown_out_after_bytes_, bytes);
}

}  // namespace tunefarm::mcu_agent
