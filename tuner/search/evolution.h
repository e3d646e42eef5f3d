// Evolutionary search for the configs that a fitness function likes best, in spaces too large to
// score whole. Constraints are kept: a child that breaks one is rejected before it is scored
// (Heron, ASPLOS 2023).
#ifndef TUNEFARM_TUNER_SEARCH_EVOLUTION_H_
#define TUNEFARM_TUNER_SEARCH_EVOLUTION_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "base/rng.h"
#include "compiler/space/space.h"

namespace tunefarm::tuner {

struct EvolutionOptions {
  size_t population = 512;
  int generations = 5;
  double mutation_share =
      0.85;  // Children by changing one knob of a parent; the others mix two parents.
};

// One fitness per index, higher is better, finite; comparable within one call.
using Fitness = std::function<std::vector<double>(std::span<const uint64_t> indices)>;

// Every config met, `parents` included, best first (ties by index). Parents are valid and at least
// one.
std::vector<uint64_t> Evolve(const compiler::ConfigSpace& space,
                             const std::vector<uint64_t>& parents, const Fitness& fitness,
                             base::Rng* rng, const EvolutionOptions& options = {});

// `indices` by decreasing fitness, ties by index.
std::vector<uint64_t> RankByFitness(std::vector<uint64_t> indices, const Fitness& fitness);

}  // namespace tunefarm::tuner

#endif  // TUNEFARM_TUNER_SEARCH_EVOLUTION_H_
