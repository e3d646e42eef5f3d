#include "tuner/session/task_setup.h"

#include <utility>

#include "base/status.h"
#include "compiler/op/operator.h"
#include "tuner/search/default_config.h"
#include "tuner/search/space_sampler.h"

namespace tunefarm::tuner {

FactsFunction TaskSetup::facts() const {
  return [bound = bound.get()](const compiler::Config& config) { return bound->Facts(config); };
}

std::optional<uint64_t> TaskSetup::IndexOf(const std::string& config) const {
  const absl::StatusOr<compiler::Config> parsed = space().Parse(config);
  if (!parsed.ok() || !space().IsValid(*parsed)) return std::nullopt;
  const absl::StatusOr<uint64_t> index = space().IndexOf(*parsed);
  return index.ok() ? std::optional(*index) : std::nullopt;
}

double TaskSetup::GigaflopsAt(double cost_ns) const {
  return cost_ns > 0 ? static_cast<double>(nominal_flops()) / cost_ns : 0;
}

absl::StatusOr<TaskSetup> SetUpTask(const std::string& workload, const std::string& target) {
  TaskSetup setup;
  TUNEFARM_ASSIGN_OR_RETURN(setup.workload, compiler::ParseWorkload(workload));
  TUNEFARM_ASSIGN_OR_RETURN(setup.target, compiler::ParseTarget(target));
  setup.workload_key = compiler::Print(setup.workload);
  setup.target_text = compiler::Print(setup.target);
  TUNEFARM_ASSIGN_OR_RETURN(const compiler::Operator op, compiler::BuildOperator(setup.workload));
  TUNEFARM_ASSIGN_OR_RETURN(setup.bound, compiler::BindTemplate(op, setup.target));
  TUNEFARM_ASSIGN_OR_RETURN(setup.default_config,
                            DefaultConfig(setup.space(), setup.facts(), setup.target));
  TUNEFARM_ASSIGN_OR_RETURN(setup.default_index, setup.space().IndexOf(setup.default_config));
  const SpaceSampler sampler(&setup.space());
  setup.num_configs = sampler.holds_all() ? sampler.all().size() : setup.space().num_indices();
  return setup;
}

}  // namespace tunefarm::tuner
