#include "tests/bench/arm_codegen/static_search.h"

#include <algorithm>
#include <map>
#include <set>
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

bool IsLanesKnob(const std::string& name) { return name == "lanes"; }

// The knobs that decide the register tile, and those that decide how it is fed. Configs that differ
// in none of them have the same inner loop.
bool IsTileKnob(const std::string& name) {
  return absl::StartsWith(name, "tile_") || absl::StartsWith(name, "unroll_") || name == "terms";
}
bool IsFeedKnob(const std::string& name) {
  return name == "lanes" || name == "ahead" || name == "group";
}

std::string Values(const ConfigSpace& space, const Config& config,
                   bool (*wanted)(const std::string&)) {
  std::string text;
  for (size_t i = 0; i < space.knobs().size(); ++i) {
    if (wanted(space.knobs()[i].name)) text += absl::StrFormat("%d,", config.values[i]);
  }
  return text;
}

// For each number of lanes per load, the `num_tiles` register tiles that come first in the analytic
// order, fed in all ways.
std::vector<Config> Candidates(const BoundTemplate& bound, const compiler::Target& target,
                               int num_tiles) {
  const ConfigSpace& space = bound.space();
  const tuner::SpaceSampler sampler(&space);
  tuner::Candidates analytic(
      &space, [&bound](const Config& config) { return bound.Facts(config); }, target);
  std::vector<Config> chosen;
  std::map<std::string, std::map<std::string, std::set<std::string>>> met_by_lanes;
  for (const uint64_t index : tuner::AnalyticOrder(space, sampler, &analytic)) {
    const Config config = space.At(index);
    const std::string tile = Values(space, config, IsTileKnob);
    auto& met = met_by_lanes[Values(space, config, IsLanesKnob)];
    if (static_cast<int>(met.size()) == num_tiles && !met.contains(tile)) continue;
    if (met[tile].insert(Values(space, config, IsFeedKnob)).second) chosen.push_back(config);
  }
  return chosen;
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

absl::StatusOr<ChosenKernel> ChooseKernel(const compiler::Operator& op,
                                          const compiler::Target& target, const CoreModel& model,
                                          int num_tiles, const std::string& config,
                                          const std::function<void(const ChosenKernel&)>& show) {
  TUNEFARM_ASSIGN_OR_RETURN(const auto bound, compiler::BindTemplate(op, target));
  if (!config.empty()) {
    TUNEFARM_ASSIGN_OR_RETURN(const Config parsed, bound->space().Parse(config));
    return Try(op, *bound, target, model, parsed);
  }
  std::vector<ChosenKernel> tried;
  for (const Config& candidate : Candidates(*bound, target, num_tiles)) {
    TUNEFARM_ASSIGN_OR_RETURN(ChosenKernel kernel, Try(op, *bound, target, model, candidate));
    show(kernel);
    tried.push_back(std::move(kernel));
  }
  const auto rate = [&model](const ChosenKernel& kernel) {
    return PartOfPeak(kernel, model) * kernel.useful;
  };
  double best_rate = 0;
  for (const ChosenKernel& kernel : tried) best_rate = std::max(best_rate, rate(kernel));
  const ChosenKernel* best = nullptr;
  for (const ChosenKernel& kernel : tried) {
    if (rate(kernel) < kAlike * best_rate) continue;
    if (best == nullptr || InstructionsPerMac(kernel) < InstructionsPerMac(*best)) best = &kernel;
  }
  if (best == nullptr) {
    return absl::NotFoundError(absl::StrFormat("no config of %s", bound->space().name()));
  }
  return *best;
}

}  // namespace tunefarm::bench
