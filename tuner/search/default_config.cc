#include "tuner/search/default_config.h"

#include <unordered_set>

#include "absl/strings/str_format.h"
#include "tuner/search/evolution.h"

namespace tunefarm::tuner {
namespace {

// Of the search in large spaces: fixed, so that the default is a property of the space.
constexpr uint64_t kSeed = 20250101;
constexpr size_t kFirstParents = 512;

}  // namespace

std::vector<uint64_t> AnalyticOrder(const compiler::ConfigSpace& space, const SpaceSampler& sampler,
                                    Candidates* candidates) {
  const Fitness fitness = [candidates](std::span<const uint64_t> indices) {
    return candidates->AnalyticFitness(indices);
  };
  if (sampler.holds_all()) return RankByFitness(sampler.all(), fitness);
  base::Rng rng(kSeed);
  std::unordered_set<uint64_t> drawn;
  std::vector<uint64_t> parents;
  while (parents.size() < kFirstParents) {
    const auto index =
        sampler.Draw([&](uint64_t candidate) { return drawn.contains(candidate); }, &rng);
    if (!index) break;
    drawn.insert(*index);
    parents.push_back(*index);
  }
  if (parents.empty()) return {};
  return Evolve(space, parents, fitness, &rng);
}

absl::StatusOr<compiler::Config> DefaultConfig(const compiler::ConfigSpace& space,
                                               const FactsFunction& facts,
                                               const compiler::Target& target) {
  const SpaceSampler sampler(&space);
  Candidates candidates(&space, facts, target);
  const std::vector<uint64_t> order = AnalyticOrder(space, sampler, &candidates);
  if (order.empty()) {
    return absl::NotFoundError(absl::StrFormat("space %s has no valid config", space.name()));
  }
  return space.At(order.front());
}

}  // namespace tunefarm::tuner
