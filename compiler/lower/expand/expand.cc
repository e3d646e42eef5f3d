#include "compiler/lower/expand/expand.h"

#include "absl/strings/str_format.h"

namespace tunefarm::compiler {

absl::StatusOr<LoweredKernel> Expand(const Operator& op, const Step& step) {
  const std::string& form = step.names[0];
  if (form == kPairTileForm && step.numbers.size() == 3) {
    return ExpandPairTile(op, {step.numbers[0], step.numbers[1], step.numbers[2]});
  }
  return absl::FailedPreconditionError(
      absl::StrFormat("no expansion '%s' with %d numbers", form, step.numbers.size()));
}

}  // namespace tunefarm::compiler
