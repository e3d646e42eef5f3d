// Strategy "random": valid configs, uniformly, without replacement. The baseline that every other
// strategy must beat.
#ifndef TUNEFARM_TUNER_SEARCH_RANDOM_STRATEGY_H_
#define TUNEFARM_TUNER_SEARCH_RANDOM_STRATEGY_H_

#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "tuner/search/search_strategy.h"
#include "tuner/search/space_sampler.h"

namespace tunefarm::tuner {

class RandomStrategy : public SearchStrategy {
 public:
  explicit RandomStrategy(SearchInput input);

  std::vector<Proposal> Propose(size_t n) override;
  void Observe(uint64_t config_index, bool ok, double cost_ns) override;
  std::optional<std::string> Done() const override;

 private:
  // Draws the next config ahead, so that Done knows.
  void Advance();

  SearchInput input_;
  SpaceSampler sampler_;
  std::unordered_set<uint64_t> seen_;
  std::optional<uint64_t> next_;
};

}  // namespace tunefarm::tuner

#endif  // TUNEFARM_TUNER_SEARCH_RANDOM_STRATEGY_H_
