#include "tuner/search/feasibility.h"

#include <algorithm>

#include "base/status.h"

namespace tunefarm::tuner {

Feasibility::Feasibility(const compiler::ConfigSpace* space) : space_(space) {
  for (const compiler::Knob& knob : space->knobs()) counts_.emplace_back(knob.values.size());
}

size_t Feasibility::ValuePosition(size_t knob, const compiler::Config& config) const {
  const auto& values = space_->knobs()[knob].values;
  const auto it = std::find(values.begin(), values.end(), config.values[knob]);
  TUNEFARM_CHECK(it != values.end(), "value of knob " + space_->knobs()[knob].name);
  return static_cast<size_t>(it - values.begin());
}

// If every value would be banned, none is: then it is not this knob that decides.
void Feasibility::UpdateBans(std::vector<Count>* counts) const {
  bool all = true;
  for (Count& count : *counts) {
    count.banned = count.failures >= kFailuresToBan && count.successes == 0;
    all = all && count.banned;
  }
  if (!all) return;
  for (Count& count : *counts) count.banned = false;
}

void Feasibility::Record(const compiler::Config& config, bool ok) {
  any_banned_ = false;
  for (size_t knob = 0; knob < counts_.size(); ++knob) {
    Count& count = counts_[knob][ValuePosition(knob, config)];
    ++(ok ? count.successes : count.failures);
    UpdateBans(&counts_[knob]);
    for (const Count& each : counts_[knob]) any_banned_ = any_banned_ || each.banned;
  }
}

bool Feasibility::IsBanned(const compiler::Config& config) const {
  if (!any_banned_) return false;
  for (size_t knob = 0; knob < counts_.size(); ++knob) {
    if (counts_[knob][ValuePosition(knob, config)].banned) return true;
  }
  return false;
}

}  // namespace tunefarm::tuner
