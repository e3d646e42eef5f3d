#include "tuner/session/objective.h"

#include "absl/strings/str_format.h"
#include "base/status.h"

namespace tunefarm::tuner {

const char* Name(Objective objective) {
  return objective == Objective::kInstructions ? "instructions" : "estimated-cycles";
}

absl::StatusOr<Objective> ParseObjective(const std::string& text) {
  for (Objective objective : {Objective::kInstructions, Objective::kEstimatedCycles}) {
    if (text == Name(objective)) return objective;
  }
  return absl::InvalidArgumentError(
      absl::StrFormat("objective '%s' is not one of instructions, estimated-cycles", text));
}

void ApplyObjective(Objective objective, MeasureReport& report) {
  if (objective != Objective::kEstimatedCycles || report.outcome != Outcome::kOk ||
      report.cost_unit != CostUnit::kInstructions) {
    return;
  }
  const double factor = report.cycles_per_instruction;
  if (factor <= 0) {
    report.outcome = Outcome::kBuildFailed;
    report.phase = "build";
    report.error = "LLVM's model of the core gives no cycles for this code";
    report.samples_ns.clear();
    report.all_samples.clear();
    return;
  }
  for (double& sample : report.samples_ns) sample *= factor;
  for (SampleReading& sample : report.all_samples) sample.value_ns *= factor;
  report.median_ns *= factor;
  report.mad_ns *= factor;
  report.cost_unit = CostUnit::kEstimatedCycles;
}

absl::Status ObjectiveMeasurer::Submit(const std::vector<MeasureRequest>& requests,
                                       const MeasureOptions& options) {
  MeasureOptions inner_options = options;
  if (objective_ == Objective::kEstimatedCycles) inner_options.cut_above_ns = 0;
  return inner_.Submit(requests, inner_options);
}

absl::StatusOr<MeasureReport> ObjectiveMeasurer::Next(absl::Duration timeout) {
  TUNEFARM_ASSIGN_OR_RETURN(MeasureReport report, inner_.Next(timeout));
  ApplyObjective(objective_, report);
  return report;
}

}  // namespace tunefarm::tuner
