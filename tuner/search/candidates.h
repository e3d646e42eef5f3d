// What the search knows of each config before it is measured: its analytic cost and the class of
// its register tile; and how to pick a varied batch from a ranking.
#ifndef TUNEFARM_TUNER_SEARCH_CANDIDATES_H_
#define TUNEFARM_TUNER_SEARCH_CANDIDATES_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

#include "compiler/space/space.h"
#include "compiler/target/target.h"
#include "tuner/search/search_strategy.h"

namespace tunefarm::tuner {

struct Candidate {
  double analytic_cycles = 0;
  double analytic_efficiency = 0;  // In (0, 1].
  uint64_t tile_class = 0;         // Equal for equal vector width and register tile.
  uint64_t facts_class =
      0;  // Equal for equal facts: such configs cannot be told apart before measuring.
};

// A cache over FactsFunction. Not thread-safe.
class Candidates {
 public:
  // `space` must outlive this.
  Candidates(const compiler::ConfigSpace* space, FactsFunction facts,
             const compiler::Target& target);

  // Requires a valid config.
  const Candidate& Get(uint64_t config_index);

  // Fitness by the analytic cost: minus its cycles.
  std::vector<double> AnalyticFitness(std::span<const uint64_t> indices);

  // Positions in `ranked` (best first), increasing, at most `n`: at most `per_class` of a tile
  // class and one of a facts class among the first `window`; where these do not suffice, the best
  // of those passed over.
  std::vector<size_t> PickDiverse(std::span<const uint64_t> ranked, size_t n, size_t window,
                                  size_t per_class);

 private:
  const compiler::ConfigSpace* space_;
  FactsFunction facts_;
  compiler::Target target_;
  std::unordered_map<uint64_t, Candidate> known_;
};

}  // namespace tunefarm::tuner

#endif  // TUNEFARM_TUNER_SEARCH_CANDIDATES_H_
