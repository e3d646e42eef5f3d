#include "tuner/search/random_strategy.h"

#include <utility>

#include "absl/strings/str_format.h"

namespace tunefarm::tuner {

RandomStrategy::RandomStrategy(SearchInput input)
    : input_(std::move(input)), sampler_(input_.space) {
  Advance();
}

void RandomStrategy::Advance() {
  next_ = sampler_.Draw([this](uint64_t index) { return seen_.contains(index); }, &input_.rng);
}

std::vector<Proposal> RandomStrategy::Propose(size_t n) {
  std::vector<Proposal> proposals;
  while (proposals.size() < n && next_) {
    proposals.push_back({*next_, ProposalOrigin::kRandom, 0});
    seen_.insert(*next_);
    Advance();
  }
  return proposals;
}

void RandomStrategy::Observe(uint64_t config_index, bool /*ok*/, double /*cost_ns*/) {
  seen_.insert(config_index);
  if (next_ == config_index) Advance();
}

std::optional<std::string> RandomStrategy::Done() const {
  if (next_) return std::nullopt;
  return absl::StrFormat("all %d valid configs that were found have been proposed", seen_.size());
}

}  // namespace tunefarm::tuner
