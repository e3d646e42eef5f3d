#include "tuner/search/candidates.h"

#include <algorithm>
#include <cstring>
#include <type_traits>
#include <unordered_set>
#include <utility>

#include "tuner/feature/analytic_cost.h"

namespace tunefarm::tuner {
namespace {

using compiler::ConfigFacts;

// FNV-1a over the bytes of doubles: cheap, and equal for equal facts, which is all that is asked of
// it.
uint64_t HashDoubles(const double* values, size_t count) {
  uint64_t hash = 0xCBF29CE484222325u;
  for (size_t i = 0; i < count; ++i) {
    uint64_t bits;
    std::memcpy(&bits, &values[i], sizeof bits);
    hash = (hash ^ bits) * 0x100000001B3u;
    hash ^= hash >> 29;
  }
  return hash;
}

Candidate Describe(const ConfigFacts& facts, const compiler::Target& target) {
  static_assert(
      std::is_trivially_copyable_v<ConfigFacts> && sizeof(ConfigFacts) % sizeof(double) == 0,
      "facts are doubles only");
  Candidate candidate;
  candidate.analytic_cycles = EstimateCost(facts, target).total_cycles;
  candidate.analytic_efficiency =
      std::min(1.0, IdealCycles(facts, target) / candidate.analytic_cycles);
  const double tile[] = {facts.vector_lanes, facts.tile_pixels, facts.tile_vectors};
  candidate.tile_class = HashDoubles(tile, std::size(tile));
  double all[sizeof(ConfigFacts) / sizeof(double)];
  std::memcpy(all, &facts, sizeof facts);
  candidate.facts_class = HashDoubles(all, std::size(all));
  return candidate;
}

}  // namespace

Candidates::Candidates(const compiler::ConfigSpace* space, FactsFunction facts,
                       const compiler::Target& target)
    : space_(space), facts_(std::move(facts)), target_(target) {}

const Candidate& Candidates::Get(uint64_t config_index) {
  const auto it = known_.find(config_index);
  if (it != known_.end()) return it->second;
  const Candidate candidate = Describe(facts_(space_->At(config_index)), target_);
  return known_.emplace(config_index, candidate).first->second;
}

std::vector<double> Candidates::AnalyticFitness(std::span<const uint64_t> indices) {
  std::vector<double> fitness;
  fitness.reserve(indices.size());
  for (uint64_t index : indices) fitness.push_back(-Get(index).analytic_cycles);
  return fitness;
}

std::vector<size_t> Candidates::PickDiverse(std::span<const uint64_t> ranked, size_t n,
                                            size_t window, size_t per_class) {
  std::vector<size_t> picked, passed;
  std::unordered_map<uint64_t, size_t> of_class;
  std::unordered_set<uint64_t> facts_taken;
  for (size_t i = 0; i < std::min(window, ranked.size()) && picked.size() < n; ++i) {
    const Candidate& candidate = Get(ranked[i]);
    if (of_class[candidate.tile_class] < per_class &&
        facts_taken.insert(candidate.facts_class).second) {
      ++of_class[candidate.tile_class];
      picked.push_back(i);
    } else {
      passed.push_back(i);
    }
  }
  for (size_t i = 0; i < passed.size() && picked.size() < n; ++i) picked.push_back(passed[i]);
  for (size_t i = window; i < ranked.size() && picked.size() < n; ++i) picked.push_back(i);
  std::sort(picked.begin(), picked.end());
  return picked;
}

}  // namespace tunefarm::tuner
