#include "tests/bench/arm_codegen/static_search.h"

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_format.h"
#include "base/status.h"
#include "compiler/codegen/emit.h"
#include "compiler/lower/lower.h"
#include "compiler/schedule/template.h"
#include "tuner/feature/analytic_cost.h"
#include "tuner/search/default_config.h"

namespace tunefarm::bench {
namespace {

using compiler::BoundTemplate;
using compiler::Config;
using compiler::ConfigSpace;

// Rates within 2 % of the best are alike: there the fewest instructions decide, which leave the
// core room that the model does not know of.
constexpr double kAlike = 0.98;

// Ways of feeding one tile that are tried, the first in the analytic order; there are few for cores
// that place their loads themselves.
constexpr size_t kFeedsPerTile = 10;
constexpr size_t kFeedsPerTileOutOfOrder = 4;

// The knobs that decide how a register tile is fed. Tiles of as many rows and vectors that are fed
// alike have the same inner loop but for its addresses.
bool IsFeedKnob(const std::string& name) {
  return absl::StartsWith(name, "unroll_") || name == "terms" || name == "lanes" ||
         name == "ahead" || name == "group";
}

// `config` fed in every way that is valid.
std::vector<Config> AllFeeds(const ConfigSpace& space, const Config& config) {
  std::vector<Config> feeds = {config};
  for (size_t i = 0; i < space.knobs().size(); ++i) {
    if (!IsFeedKnob(space.knobs()[i].name)) continue;
    std::vector<Config> next;
    for (Config& feed : feeds) {
      for (const int64_t value : space.knobs()[i].values) {
        feed.values[i] = value;
        next.push_back(feed);
      }
    }
    feeds = std::move(next);
  }
  std::erase_if(feeds, [&space](const Config& feed) { return !space.IsValid(feed); });
  return feeds;
}

// The ways of feeding that the analytic cost holds for the best; among equals, those of the fewest
// instructions.
std::vector<Config> FirstFeeds(const BoundTemplate& bound, const compiler::Target& target,
                               const Config& config) {
  const auto rank = [&](const Config& feed) {
    const compiler::ConfigFacts facts = bound.Facts(feed);
    return std::pair(tuner::EstimateCost(facts, target).total_cycles,
                     facts.body_instructions / facts.unroll_steps);
  };
  std::vector<Config> feeds = AllFeeds(bound.space(), config);
  std::stable_sort(feeds.begin(), feeds.end(),
                   [&rank](const Config& a, const Config& b) { return rank(a) < rank(b); });
  feeds.resize(std::min(feeds.size(), target.in_order ? kFeedsPerTile : kFeedsPerTileOutOfOrder));
  return feeds;
}

// The `num_tiles` register tiles that come first in the analytic order, each fed in its first ways.
std::vector<std::vector<Config>> FirstTiles(const BoundTemplate& bound,
                                            const compiler::Target& target, size_t num_tiles) {
  const ConfigSpace& space = bound.space();
  const tuner::SpaceSampler sampler(&space);
  tuner::Candidates analytic(
      &space, [&bound](const Config& config) { return bound.Facts(config); }, target);
  std::vector<std::vector<Config>> tiles;
  std::set<std::pair<double, double>> met;
  for (const uint64_t index : tuner::AnalyticOrder(space, sampler, &analytic)) {
    if (tiles.size() == num_tiles) break;
    const Config config = space.At(index);
    const compiler::ConfigFacts facts = bound.Facts(config);
    const std::pair shape(facts.tile_pixels, facts.tile_vectors);
    if (met.insert(shape).second) tiles.push_back(FirstFeeds(bound, target, config));
  }
  return tiles;
}

absl::StatusOr<ChosenKernel> Try(const compiler::Operator& op, const BoundTemplate& bound,
                                 const compiler::Target& target, const CoreModel& model,
                                 const Config& config) {
  ChosenKernel kernel;
  kernel.config = bound.space().Print(config);
  TUNEFARM_ASSIGN_OR_RETURN(const compiler::Schedule schedule, bound.MakeSchedule(config));
  TUNEFARM_ASSIGN_OR_RETURN(kernel.kernel, compiler::Lower(op, schedule));
  compiler::LoweredKernel run_only = kernel.kernel;
  run_only.prepare.reset();
  TUNEFARM_ASSIGN_OR_RETURN(const std::string assembly,
                            compiler::EmitAssembly(run_only, target, "kernel"));
  TUNEFARM_ASSIGN_OR_RETURN(kernel.loop, FindInnerLoop(assembly));
  TUNEFARM_ASSIGN_OR_RETURN(kernel.cycles, CyclesPerIteration(kernel.loop, model));
  const compiler::ConfigFacts facts = bound.Facts(config);
  kernel.analytic_cycles = tuner::EstimateCost(facts, target).total_cycles;
  kernel.useful = facts.useful_fmas * facts.native_lanes / (facts.issued_fmas * facts.vector_lanes);
  return kernel;
}

}  // namespace

double InstructionsPerMac(const ChosenKernel& chosen) {
  return static_cast<double>(chosen.loop.instructions.size()) / (chosen.loop.macs * chosen.useful);
}

double PartOfPeak(const ChosenKernel& chosen, const CoreModel& model) {
  return chosen.loop.multiply_adds / model.fma_per_cycle / chosen.cycles;
}

absl::StatusOr<std::vector<ChosenKernel>> ChooseKernels(
    const compiler::Operator& op, const compiler::Target& target, const CoreModel& model,
    int num_tiles, int num_finalists, const std::string& config,
    const std::function<void(const ChosenKernel&)>& show) {
  TUNEFARM_ASSIGN_OR_RETURN(const auto bound, compiler::BindTemplate(op, target));
  if (!config.empty()) {
    TUNEFARM_ASSIGN_OR_RETURN(const Config parsed, bound->space().Parse(config));
    TUNEFARM_ASSIGN_OR_RETURN(ChosenKernel kernel, Try(op, *bound, target, model, parsed));
    return std::vector<ChosenKernel>{std::move(kernel)};
  }
  std::vector<std::vector<ChosenKernel>> tiles;
  double best_rate = 0;
  const auto rate = [&model](const ChosenKernel& kernel) {
    return PartOfPeak(kernel, model) * kernel.useful;
  };
  for (const std::vector<Config>& tile :
       FirstTiles(*bound, target, static_cast<size_t>(num_tiles))) {
    tiles.emplace_back();
    for (const Config& candidate : tile) {
      TUNEFARM_ASSIGN_OR_RETURN(ChosenKernel kernel, Try(op, *bound, target, model, candidate));
      show(kernel);
      best_rate = std::max(best_rate, rate(kernel));
      tiles.back().push_back(std::move(kernel));
    }
  }
  const auto fewer = [](const ChosenKernel& a, const ChosenKernel& b) {
    return InstructionsPerMac(a) < InstructionsPerMac(b);
  };
  std::vector<ChosenKernel> finalists;
  for (std::vector<ChosenKernel>& tile : tiles) {
    std::erase_if(tile, [&](const ChosenKernel& k) { return rate(k) < kAlike * best_rate; });
    const auto first = std::min_element(tile.begin(), tile.end(), fewer);
    if (first != tile.end()) finalists.push_back(std::move(*first));
  }
  if (finalists.empty()) {
    return absl::NotFoundError(absl::StrFormat("no config of %s", bound->space().name()));
  }
  std::stable_sort(finalists.begin(), finalists.end(), fewer);
  if (finalists.size() > static_cast<size_t>(num_finalists)) {
    finalists.resize(static_cast<size_t>(num_finalists));
  }
  return finalists;
}

}  // namespace tunefarm::bench
