#include "tuner/session/drift_monitor.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/statistics.h"

namespace tunefarm::tuner {
namespace {

constexpr size_t kTimingsOfALevel = 3;
constexpr size_t kTimingsForNoise = 4;  // Fewer tell no deviation.
constexpr double kNoiseFactor = 3;

}  // namespace

void DriftMonitor::OnTrial(const std::string& device, absl::Duration now, int64_t trial_id,
                           bool suspect) {
  Device& state = devices_[device];
  state.heard_at = now;
  ++state.num_trials;
  if (suspect) state.suspects.push_back(trial_id);
}

std::vector<std::string> DriftMonitor::TakeDue(absl::Duration now) {
  std::vector<std::string> due;
  for (auto& [name, device] : devices_) {
    const bool waited_for = device.num_waits > 0;
    const bool is_due = waited_for                ? now >= device.due_at
                        : device.level_ns.empty() ? device.num_trials > 0
                                                  : device.num_trials >= options_.trials_between;
    if (!is_due || device.asked_at) continue;
    device.asked_at = now;
    due.push_back(name);
  }
  return due;
}

DriftJudgement DriftMonitor::OnReference(const std::string& name, absl::Duration now,
                                         double timing_ns) {
  Device& device = devices_[name];
  device.asked_at.reset();
  device.heard_at = now;
  device.num_trials = 0;
  DriftJudgement judgement;
  if (device.level_ns.empty()) {
    device.level_ns = {timing_ns};
    return judgement;
  }
  judgement.drift = timing_ns / Level(device) - 1;
  const bool within = std::abs(judgement.drift) <= LimitOf(device);
  if (!within && device.num_waits < options_.num_waits) {
    device.due_at = now + options_.first_wait * (1 << std::min(device.num_waits, 16));
    ++device.num_waits;
    judgement.verdict = DriftVerdict::kDrifted;
    return judgement;
  }
  if (within) {
    device.level_ns.push_back(timing_ns);
  } else {
    device.level_ns = {timing_ns};
  }
  const bool was_waited_for = std::exchange(device.num_waits, 0) > 0;
  std::vector<int64_t> suspects = std::exchange(device.suspects, {});
  judgement.verdict = within && !was_waited_for ? DriftVerdict::kSteady : DriftVerdict::kSettled;
  if (judgement.verdict == DriftVerdict::kSettled) judgement.suspects = std::move(suspects);
  return judgement;
}

void DriftMonitor::OnReferenceLost(const std::string& name) {
  Device& device = devices_[name];
  device.asked_at.reset();
  device.num_trials = 0;
  device.num_waits = 0;
}

bool DriftMonitor::IsPaused(const Device& device, absl::Duration now) const {
  const bool lost = device.asked_at && now - *device.asked_at >= options_.patience;
  return device.num_waits > 0 && !lost;
}

std::vector<std::string> DriftMonitor::Paused(absl::Duration now) const {
  std::vector<std::string> paused;
  for (const auto& [name, device] : devices_) {
    if (IsPaused(device, now)) paused.push_back(name);
  }
  return paused;
}

bool DriftMonitor::AllPaused(absl::Duration now) const {
  const bool another_is_there =
      std::any_of(devices_.begin(), devices_.end(), [&](const auto& entry) {
        const Device& device = entry.second;
        return !IsPaused(device, now) && now - device.heard_at < options_.patience;
      });
  return !Paused(now).empty() && !another_is_there;
}

double DriftMonitor::Level(const Device& device) {
  const size_t count = std::min(device.level_ns.size(), kTimingsOfALevel);
  return base::Median({device.level_ns.begin(), device.level_ns.begin() + count});
}

double DriftMonitor::LimitOf(const Device& device) const {
  if (device.level_ns.size() < kTimingsForNoise) return options_.limit;
  const double noise =
      base::MedianAbsoluteDeviation(device.level_ns) / base::Median(device.level_ns);
  return std::max(options_.limit, std::min(kNoiseFactor * noise, kMostNoise));
}

}  // namespace tunefarm::tuner
