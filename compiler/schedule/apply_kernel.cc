#include "absl/strings/ascii.h"
#include "absl/strings/str_format.h"
#include "compiler/schedule/apply.h"
#include "proto/code_memory.h"

namespace tunefarm::compiler {

absl::Status ApplyPlaceCode(const Step& step, ScheduledOperator& scheduled) {
  const std::string& memory = step.names[0];
  if (tunefarm_is_memory_name(memory.data(), memory.size()) == 0) {
    return absl::FailedPreconditionError(absl::StrFormat("'%s' is no name of a memory", memory));
  }
  if (!scheduled.code_memory.empty()) {
    return absl::FailedPreconditionError(
        absl::StrFormat("the code lies in %s already", scheduled.code_memory));
  }
  scheduled.code_memory = memory;
  return absl::OkStatus();
}

absl::Status ApplyExpand(const Step& step, ScheduledOperator& scheduled) {
  if (scheduled.expansion) {
    return absl::FailedPreconditionError("an expansion stands alone in its schedule");
  }
  scheduled.expansion = step;
  return absl::OkStatus();
}

absl::Status CheckStandsAlone(const Schedule& schedule, const ScheduledOperator& scheduled) {
  if (!scheduled.expansion) return absl::OkStatus();
  for (const Step& step : schedule.steps) {
    if (step.kind == StepKind::kExpand || step.kind == StepKind::kPlaceCode) continue;
    return absl::FailedPreconditionError(
        absl::StrFormat("an expansion stands alone in its schedule; beside it is %s",
                        std::string(absl::StripAsciiWhitespace(Print(Schedule{{step}})))));
  }
  return absl::OkStatus();
}

}  // namespace tunefarm::compiler
