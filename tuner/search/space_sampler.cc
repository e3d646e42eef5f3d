#include "tuner/search/space_sampler.h"

namespace tunefarm::tuner {
namespace {

// Draws before a uniform choice among the held configs gives way to a list of those that are left.
constexpr int kHeldDraws = 16;
// Draws in a space that is not held: with one valid config in a thousand, 20 are met on average.
constexpr int kRejectionDraws = 20000;

}  // namespace

SpaceSampler::SpaceSampler(const compiler::ConfigSpace* space) : SpaceSampler(space, Limits()) {}

SpaceSampler::SpaceSampler(const compiler::ConfigSpace* space, Limits limits) : space_(space) {
  if (space->num_indices() > limits.max_indices) return;
  all_ = space->ValidIndices(limits.max_valid + 1);
  holds_all_ = all_.size() <= limits.max_valid;
  if (!holds_all_) all_.clear();
}

std::optional<uint64_t> SpaceSampler::Draw(const std::function<bool(uint64_t)>& skip,
                                           base::Rng* rng) const {
  if (holds_all_) {
    if (all_.empty()) return std::nullopt;
    for (int draw = 0; draw < kHeldDraws; ++draw) {
      const uint64_t index = all_[rng->Below(all_.size())];
      if (!skip(index)) return index;
    }
    std::vector<uint64_t> left;
    for (uint64_t index : all_) {
      if (!skip(index)) left.push_back(index);
    }
    if (left.empty()) return std::nullopt;
    return left[rng->Below(left.size())];
  }
  for (int draw = 0; draw < kRejectionDraws; ++draw) {
    const uint64_t index = rng->Below(space_->num_indices());
    if (!skip(index) && space_->IsValid(space_->At(index))) return index;
  }
  return std::nullopt;
}

}  // namespace tunefarm::tuner
