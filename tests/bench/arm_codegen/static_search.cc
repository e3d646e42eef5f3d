#include "tests/bench/arm_codegen/static_search.h"

#include <set>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_format.h"
#include "base/status.h"
#include "compiler/codegen/emit.h"
#include "compiler/lower/lower.h"
#include "compiler/schedule/template.h"
#include "tuner/search/default_config.h"

namespace tunefarm::bench {
namespace {

using compiler::BoundTemplate;
using compiler::Config;
using compiler::ConfigSpace;

// Configs that differ only in how outer loops are blocked have the same inner loop.
std::string InnerClass(const ConfigSpace& space, const Config& config) {
  std::string text;
  for (size_t i = 0; i < space.knobs().size(); ++i) {
    const std::string& name = space.knobs()[i].name;
    if (absl::StartsWith(name, "block_") || name == "padding") continue;
    text += absl::StrFormat("%s=%d,", name, config.values[i]);
  }
  return text;
}

std::vector<Config> FirstOfEachClass(const BoundTemplate& bound, const compiler::Target& target,
                                     int count) {
  const ConfigSpace& space = bound.space();
  const tuner::SpaceSampler sampler(&space);
  tuner::Candidates candidates(
      &space, [&bound](const Config& config) { return bound.Facts(config); }, target);
  std::vector<Config> chosen;
  std::set<std::string> met;
  for (const uint64_t index : tuner::AnalyticOrder(space, sampler, &candidates)) {
    const Config config = space.At(index);
    if (!met.insert(InnerClass(space, config)).second) continue;
    chosen.push_back(config);
    if (static_cast<int>(chosen.size()) == count) break;
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
  kernel.useful = facts.useful_fmas / facts.issued_fmas;
  return kernel;
}

}  // namespace

double PartOfPeak(const ChosenKernel& chosen, const CoreModel& model) {
  return chosen.loop.macs / (4 * model.fma_per_cycle) / chosen.cycles;
}

absl::StatusOr<ChosenKernel> ChooseKernel(const compiler::Operator& op,
                                          const compiler::Target& target, const CoreModel& model,
                                          int num_candidates, const std::string& config) {
  TUNEFARM_ASSIGN_OR_RETURN(const auto bound, compiler::BindTemplate(op, target));
  if (!config.empty()) {
    TUNEFARM_ASSIGN_OR_RETURN(const Config parsed, bound->space().Parse(config));
    return Try(op, *bound, target, model, parsed);
  }
  absl::StatusOr<ChosenKernel> best =
      absl::NotFoundError(absl::StrFormat("no config of %s", bound->space().name()));
  for (const Config& candidate : FirstOfEachClass(*bound, target, num_candidates)) {
    TUNEFARM_ASSIGN_OR_RETURN(ChosenKernel kernel, Try(op, *bound, target, model, candidate));
    if (!best.ok() ||
        PartOfPeak(kernel, model) * kernel.useful > PartOfPeak(*best, model) * best->useful) {
      best = std::move(kernel);
    }
  }
  return best;
}

}  // namespace tunefarm::bench
