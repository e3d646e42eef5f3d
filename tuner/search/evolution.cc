#include "tuner/search/evolution.h"

#include <algorithm>
#include <numeric>
#include <unordered_set>
#include <utility>

namespace tunefarm::tuner {
namespace {

using compiler::Config;
using compiler::ConfigSpace;

// A parent is the best of this many drawn at random: enough pressure, and the mediocre still have
// children.
constexpr int kTournament = 3;
// Children drawn per child wanted, before a generation is closed with fewer.
constexpr size_t kDrawsPerChild = 8;

// `ranked` is best first.
const Config& PickParent(const std::vector<Config>& ranked, base::Rng* rng) {
  size_t best = ranked.size() - 1;
  for (int i = 0; i < kTournament; ++i) {
    best = std::min<size_t>(best, rng->Below(ranked.size()));
  }
  return ranked[best];
}

Config Mutate(const ConfigSpace& space, Config config, base::Rng* rng) {
  const size_t knob = rng->Below(space.knobs().size());
  const auto& values = space.knobs()[knob].values;
  config.values[knob] = values[rng->Below(values.size())];
  return config;
}

Config Cross(const Config& mother, const Config& father, base::Rng* rng) {
  Config child = mother;
  for (size_t knob = 0; knob < child.values.size(); ++knob) {
    if (rng->Below(2) == 1) child.values[knob] = father.values[knob];
  }
  return child;
}

}  // namespace

std::vector<uint64_t> RankByFitness(std::vector<uint64_t> indices, const Fitness& fitness) {
  const std::vector<double> values = fitness(indices);
  std::vector<size_t> order(indices.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    if (values[a] != values[b]) return values[a] > values[b];
    return indices[a] < indices[b];
  });
  std::vector<uint64_t> ranked;
  ranked.reserve(indices.size());
  for (size_t position : order) ranked.push_back(indices[position]);
  return ranked;
}

std::vector<uint64_t> Evolve(const ConfigSpace& space, const std::vector<uint64_t>& parents,
                             const Fitness& fitness, base::Rng* rng,
                             const EvolutionOptions& options) {
  std::vector<uint64_t> met;
  std::unordered_set<uint64_t> known;
  for (uint64_t index : parents) {
    if (known.insert(index).second) met.push_back(index);
  }
  for (int generation = 0; generation < options.generations; ++generation) {
    met = RankByFitness(std::move(met), fitness);
    std::vector<Config> ranked;
    for (size_t i = 0; i < std::min(met.size(), options.population); ++i) {
      ranked.push_back(space.At(met[i]));
    }
    size_t born = 0;
    for (size_t draw = 0; draw < options.population * kDrawsPerChild && born < options.population;
         ++draw) {
      const bool mutate = ranked.size() < 2 || rng->Uniform() < options.mutation_share;
      const Config& parent = PickParent(ranked, rng);
      const Config child =
          mutate ? Mutate(space, parent, rng) : Cross(parent, PickParent(ranked, rng), rng);
      const auto index = space.IndexOf(child);
      if (!index.ok() || known.contains(*index) || !space.IsValid(child)) continue;
      known.insert(*index);
      met.push_back(*index);
      ++born;
    }
  }
  return RankByFitness(std::move(met), fitness);
}

}  // namespace tunefarm::tuner
