#include "tuner/measure/known_codes.h"

#include <utility>

namespace tunefarm::tuner {

const MeasureReport* KnownCodes::Find(const std::string& code) const {
  const auto found = measured_.find(code);
  return found == measured_.end() ? nullptr : &found->second;
}

bool KnownCodes::Follow(const std::string& code, uint64_t id) {
  const auto [found, is_first] = measuring_.try_emplace(code);
  if (!is_first) found->second.push_back(id);
  return !is_first;
}

std::vector<uint64_t> KnownCodes::Settle(const std::string& code, const MeasureReport& report) {
  const auto found = measuring_.find(code);
  if (found == measuring_.end()) return {};
  std::vector<uint64_t> followers = std::move(found->second);
  measuring_.erase(found);
  if (report.outcome != Outcome::kDeviceLost) measured_[code] = report;
  return followers;
}

void KnownCodes::Renew(const std::string& code, const MeasureReport& report) {
  const auto found = measured_.find(code);
  if (found == measured_.end() || report.outcome == Outcome::kDeviceLost) return;
  found->second = report;
}

}  // namespace tunefarm::tuner
