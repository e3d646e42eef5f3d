#include "tuner/session/scoreboard.h"

#include <algorithm>

#include "base/status.h"

namespace tunefarm::tuner {

void Scoreboard::Add(Outcome outcome, const RankedTrial& ranked, bool cut) {
  ++outcomes_[Name(outcome)];
  if (outcome == Outcome::kDeviceLost) return;
  ++num_trials_;
  if (outcome != Outcome::kOk) return;
  const auto entry = by_cost_.insert({{ranked.emulated, ranked.min_ns}, {ranked, cut}});
  by_median_.insert(&entry->second.trial);
}

void Scoreboard::Replace(int64_t old_trial_id, Outcome outcome, const RankedTrial& ranked,
                         bool cut) {
  const auto old = std::find_if(by_cost_.begin(), by_cost_.end(), [&](const auto& entry) {
    return entry.second.trial.trial_id == old_trial_id;
  });
  TUNEFARM_CHECK(old != by_cost_.end(), "a trial is replaced that was never ok");
  by_median_.erase(&old->second.trial);
  by_cost_.erase(old);
  --outcomes_[Name(Outcome::kOk)];
  --num_trials_;
  Add(outcome, ranked, cut);
}

void Scoreboard::AddDeviceTime(const std::string& device, uint64_t run_ns) {
  if (device.empty()) return;
  devices_.insert(device);
  device_ns_ += run_ns;
}

const RankedTrial* Scoreboard::best() const {
  return by_cost_.empty() ? nullptr : &by_cost_.begin()->second.trial;
}

const RankedTrial* Scoreboard::best_in_log() const {
  return by_median_.empty() ? nullptr : *by_median_.begin();
}

const RankedTrial* Scoreboard::Find(const std::string& config) const {
  const auto found = std::find_if(by_cost_.begin(), by_cost_.end(), [&](const auto& entry) {
    return entry.second.trial.config == config;
  });
  return found == by_cost_.end() ? nullptr : &found->second.trial;
}

std::vector<RankedTrial> Scoreboard::Top(size_t count) const {
  std::vector<RankedTrial> top;
  std::set<std::string> codes;
  for (const auto& [cost, entry] : by_cost_) {
    if (top.size() == count) break;
    const RankedTrial& trial = entry.trial;
    if (entry.cut || trial.device != best()->device) continue;
    if (!trial.text_hash.empty() && !codes.insert(trial.text_hash).second) continue;
    top.push_back(trial);
  }
  return top;
}

double Scoreboard::Utilisation(double seconds) const {
  if (devices_.empty() || seconds <= 0) return 0;
  const double available_ns = seconds * 1e9 * static_cast<double>(devices_.size());
  return std::min(1.0, static_cast<double>(device_ns_) / available_ns);
}

}  // namespace tunefarm::tuner
