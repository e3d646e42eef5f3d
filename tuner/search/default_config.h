// The config that is used where nothing has been measured: the analytic best of the space.
#ifndef TUNEFARM_TUNER_SEARCH_DEFAULT_CONFIG_H_
#define TUNEFARM_TUNER_SEARCH_DEFAULT_CONFIG_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "compiler/space/space.h"
#include "compiler/target/target.h"
#include "tuner/search/candidates.h"
#include "tuner/search/search_strategy.h"
#include "tuner/search/space_sampler.h"

namespace tunefarm::tuner {

// The valid config of the lowest analytic cost, the smallest index among equals; in a space too
// large to walk, the best that a fixed evolutionary search finds. The same arguments give the same
// config. Errors: kNotFound if the space has no valid config.
absl::StatusOr<compiler::Config> DefaultConfig(const compiler::ConfigSpace& space,
                                               const FactsFunction& facts,
                                               const compiler::Target& target);

// Valid configs by increasing analytic cost: all that `sampler` holds, or those that a fixed
// evolutionary search meets. The first is DefaultConfig's. Empty if there is none.
std::vector<uint64_t> AnalyticOrder(const compiler::ConfigSpace& space, const SpaceSampler& sampler,
                                    Candidates* candidates);

}  // namespace tunefarm::tuner

#endif  // TUNEFARM_TUNER_SEARCH_DEFAULT_CONFIG_H_
