// Strategy "grid": valid configs in the order of their indices. For brute force and for recording
// whole spaces.
#ifndef TUNEFARM_TUNER_SEARCH_GRID_STRATEGY_H_
#define TUNEFARM_TUNER_SEARCH_GRID_STRATEGY_H_

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "tuner/search/search_strategy.h"

namespace tunefarm::tuner {

class GridStrategy : public SearchStrategy {
 public:
  explicit GridStrategy(SearchInput input);

  std::vector<Proposal> Propose(size_t n) override;
  void Observe(uint64_t config_index, bool ok, double cost_ns) override;
  std::optional<std::string> Done() const override;

 private:
  // Moves next_ to the first valid index from `index` on that has not been observed.
  void AdvanceTo(uint64_t index);

  SearchInput input_;
  std::unordered_set<uint64_t> observed_;
  uint64_t next_ = 0;  // num_indices(): the end.
};

}  // namespace tunefarm::tuner

#endif  // TUNEFARM_TUNER_SEARCH_GRID_STRATEGY_H_
