// Which candidates come next: the default config before all others (what the winner is compared
// with), then those whose device was lost, then what the strategy proposes. Pure.
#ifndef TUNEFARM_TUNER_SESSION_CANDIDATE_QUEUE_H_
#define TUNEFARM_TUNER_SESSION_CANDIDATE_QUEUE_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "compiler/space/space.h"
#include "tuner/session/candidate.h"

namespace tunefarm::tuner {

class CandidateQueue {
 public:
  // At most `n` proposals, none twice; fewer only if there are no more.
  using Propose = std::function<std::vector<Proposal>(size_t n)>;

  static constexpr int kMaxAttempts = 3;  // Of one candidate in one run.

  // `space` must outlive this.
  CandidateQueue(const compiler::ConfigSpace* space, uint64_t default_index, Propose propose)
      : space_(space), default_index_(default_index), propose_(std::move(propose)) {}

  // An earlier run of the task has tried this config.
  void MarkTried(uint64_t config_index);
  // An earlier run of the task lost a device over this config: its attempts are numbered on.
  void MarkLostBefore(const std::string& config) { ++lost_before_[config]; }

  // At most `count`; fewer only if there are no more.
  std::vector<SessionCandidate> Next(size_t count);

  // Takes a candidate back whose device was lost. False: it has had its attempts and is given up.
  bool TryAgain(SessionCandidate candidate);

 private:
  SessionCandidate Make(const Proposal& proposal) const;

  const compiler::ConfigSpace* space_;
  const uint64_t default_index_;
  const Propose propose_;
  bool default_taken_ = false;
  std::deque<SessionCandidate> retries_;
  std::map<std::string, int> lost_before_;  // By config.
};

}  // namespace tunefarm::tuner

#endif  // TUNEFARM_TUNER_SESSION_CANDIDATE_QUEUE_H_
