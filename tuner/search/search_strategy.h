// A search strategy proposes configs to measure and is told what came of them. Pure: no I/O, no
// clock, randomness from the generator it is given, so that the same seed and the same calls give
// the same proposals.
//
// It stands between compiler/space (what may be chosen) and the session (which builds and
// measures). It relies on ConfigFacts for an order before anything is measured and on a
// ScoreFunction for the order after that.
#ifndef TUNEFARM_TUNER_SEARCH_SEARCH_STRATEGY_H_
#define TUNEFARM_TUNER_SEARCH_SEARCH_STRATEGY_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/rng.h"
#include "compiler/space/facts.h"
#include "compiler/space/space.h"
#include "compiler/target/target.h"
#include "tuner/feature/score.h"

namespace tunefarm::tuner {

// Facts of a valid config of the space.
using FactsFunction = std::function<compiler::ConfigFacts(const compiler::Config&)>;

// Why a config was proposed; kept in the log.
enum class ProposalOrigin { kDefault, kAnalytic, kTransfer, kModel, kUncertain, kRandom, kGrid };

// "default", "analytic", "transfer", "model", "uncertain", "random", "grid".
const char* Name(ProposalOrigin origin);

struct Proposal {
  uint64_t config_index = 0;
  ProposalOrigin how = ProposalOrigin::kRandom;
  // What made it stand out: the model's score (kModel, kUncertain), the analytic efficiency in (0,
  // 1] (kDefault, kAnalytic), else 0.
  double predicted = 0;
};

struct SearchInput {
  const compiler::ConfigSpace* space = nullptr;  // Outlives the strategy.
  FactsFunction facts;
  compiler::Target target;
  ScoreFunction score;                  // "xgb" only; empty: the analytic order is all there is.
  std::vector<compiler::Config> seeds;  // Best configs of similar tasks, best first; those that are
                                        // not valid here are dropped.
  base::Rng rng{1};
};

// One caller at a time.
class SearchStrategy {
 public:
  virtual ~SearchStrategy() = default;

  // At most `n` configs, each valid and never proposed or observed before. Fewer only if there are
  // no more.
  virtual std::vector<Proposal> Propose(size_t n) = 0;

  // The result of a config, whether it was proposed here or comes from the log. `ok` is false for
  // every outcome that is the config's fault; device_lost is not observed. `cost_ns` counts only if
  // ok.
  virtual void Observe(uint64_t config_index, bool ok, double cost_ns) = 0;

  // Why there is nothing left to propose, in one line for people; nullopt while there is.
  virtual std::optional<std::string> Done() const = 0;
};

// "xgb" (the default), "random" (valid configs without replacement) or "grid" (valid configs by
// index). Errors: kInvalidArgument (unknown name, with the list), kNotFound (the space has no valid
// config).
absl::StatusOr<std::unique_ptr<SearchStrategy>> MakeStrategy(const std::string& name,
                                                             SearchInput input);

}  // namespace tunefarm::tuner

#endif  // TUNEFARM_TUNER_SEARCH_SEARCH_STRATEGY_H_
