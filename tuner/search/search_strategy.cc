#include "tuner/search/search_strategy.h"

#include <utility>

#include "absl/strings/str_format.h"
#include "tuner/search/grid_strategy.h"
#include "tuner/search/random_strategy.h"
#include "tuner/search/xgb_strategy.h"

namespace tunefarm::tuner {

const char* Name(ProposalOrigin origin) {
  switch (origin) {
    case ProposalOrigin::kDefault:
      return "default";
    case ProposalOrigin::kAnalytic:
      return "analytic";
    case ProposalOrigin::kTransfer:
      return "transfer";
    case ProposalOrigin::kModel:
      return "model";
    case ProposalOrigin::kUncertain:
      return "uncertain";
    case ProposalOrigin::kRandom:
      return "random";
    case ProposalOrigin::kGrid:
      return "grid";
  }
  return "unknown";
}

absl::StatusOr<std::unique_ptr<SearchStrategy>> MakeStrategy(const std::string& name,
                                                             SearchInput input) {
  std::unique_ptr<SearchStrategy> strategy;
  const std::string space = input.space->name();
  if (name == "xgb") {
    strategy = std::make_unique<XgbStrategy>(std::move(input));
  } else if (name == "random") {
    strategy = std::make_unique<RandomStrategy>(std::move(input));
  } else if (name == "grid") {
    strategy = std::make_unique<GridStrategy>(std::move(input));
  } else {
    return absl::InvalidArgumentError(
        absl::StrFormat("unknown strategy '%s': known are xgb, random, grid", name));
  }
  if (strategy->Done()) {
    return absl::NotFoundError(absl::StrFormat("space %s has no valid config", space));
  }
  return strategy;
}

}  // namespace tunefarm::tuner
