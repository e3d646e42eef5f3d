#include "mcu_agent/bridge/trial_book.h"

namespace tunefarm::mcu_agent {

std::vector<size_t> TrialBook::Next() const {
  std::vector<size_t> next;
  for (size_t i = 0; i < trials_.size(); ++i) {
    if (!trials_[i].ended && !trials_[i].alone) next.push_back(i);
  }
  for (size_t i = 0; next.empty() && i < trials_.size(); ++i) {
    if (!trials_[i].ended) next.push_back(i);
  }
  return next;
}

bool TrialBook::Failed(size_t candidate) {
  Trial& trial = trials_[candidate];
  if (trial.failed_before && trial.alone) return true;
  trial.failed_before = true;
  trial.alone = true;
  return false;
}

bool TrialBook::Lost(size_t candidate) {
  Trial& trial = trials_[candidate];
  if (trial.alone) return ++trial.lone_losses >= kMostLoneLosses;
  if (++trial.shared_losses >= kMostSharedLosses) trial.alone = true;
  return false;
}

}  // namespace tunefarm::mcu_agent
