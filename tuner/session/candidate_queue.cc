#include "tuner/session/candidate_queue.h"

#include <utility>

namespace tunefarm::tuner {

void CandidateQueue::MarkTried(uint64_t config_index) {
  if (config_index == default_index_) default_taken_ = true;
}

SessionCandidate CandidateQueue::Make(const Proposal& proposal) const {
  const std::string config = space_->Print(space_->At(proposal.config_index));
  const auto lost = lost_before_.find(config);
  const int first_attempt = lost == lost_before_.end() ? 1 : 1 + lost->second;
  return {proposal, config, first_attempt, first_attempt};
}

std::vector<SessionCandidate> CandidateQueue::Next(size_t count) {
  std::vector<SessionCandidate> candidates;
  if (!default_taken_ && count > 0) {
    default_taken_ = true;
    candidates.push_back(Make({default_index_, ProposalOrigin::kDefault, 0}));
  }
  while (candidates.size() < count && !retries_.empty()) {
    candidates.push_back(std::move(retries_.front()));
    retries_.pop_front();
  }
  while (candidates.size() < count) {
    const std::vector<Proposal> proposals = propose_(count - candidates.size());
    if (proposals.empty()) break;
    for (const Proposal& proposal : proposals) {
      // The strategy comes to the default on its own, too.
      if (proposal.config_index != default_index_) candidates.push_back(Make(proposal));
    }
  }
  return candidates;
}

bool CandidateQueue::TryAgain(SessionCandidate candidate) {
  if (candidate.attempt - candidate.first_attempt + 1 >= kMaxAttempts) return false;
  ++candidate.attempt;
  retries_.push_back(std::move(candidate));
  return true;
}

}  // namespace tunefarm::tuner
