#include "tuner/search/grid_strategy.h"

#include <utility>

#include "absl/strings/str_format.h"

namespace tunefarm::tuner {

GridStrategy::GridStrategy(SearchInput input) : input_(std::move(input)) { AdvanceTo(0); }

void GridStrategy::AdvanceTo(uint64_t index) {
  const compiler::ConfigSpace& space = *input_.space;
  while (index < space.num_indices() &&
         (observed_.contains(index) || !space.IsValid(space.At(index)))) {
    ++index;
  }
  next_ = index;
}

std::vector<Proposal> GridStrategy::Propose(size_t n) {
  std::vector<Proposal> proposals;
  while (proposals.size() < n && next_ < input_.space->num_indices()) {
    proposals.push_back({next_, ProposalOrigin::kGrid, 0});
    AdvanceTo(next_ + 1);
  }
  return proposals;
}

void GridStrategy::Observe(uint64_t config_index, bool /*ok*/, double /*cost_ns*/) {
  observed_.insert(config_index);
  if (next_ == config_index) AdvanceTo(next_ + 1);
}

std::optional<std::string> GridStrategy::Done() const {
  if (next_ < input_.space->num_indices()) return std::nullopt;
  return absl::StrFormat("all valid configs of space %s have been proposed", input_.space->name());
}

}  // namespace tunefarm::tuner
