#include "compiler/lower/expand/expand.h"

#include "absl/strings/str_format.h"

namespace tunefarm::compiler {

absl::StatusOr<LoweredKernel> Expand(const Operator& op, const Step& step) {
  const std::string& form = step.names[0];
  if (form == kPairTileForm && step.numbers.size() == 5) {
    return ExpandPairTile(
        op, {step.numbers[0], step.numbers[1], step.numbers[2], step.numbers[3], step.numbers[4]});
  }
  if (form == kWindowRowsForm && step.numbers.size() == 1) {
    return ExpandWindowRows(op, {step.numbers[0] != 0});
  }
  if (form == kTableAddForm && step.numbers.size() == 1) {
    return ExpandTableAdd(op, {step.numbers[0]});
  }
  if (form == kTableSoftmaxForm && step.numbers.size() == 2) {
    return ExpandTableSoftmax(op, {step.numbers[0], step.numbers[1] != 0});
  }
  return absl::FailedPreconditionError(
      absl::StrFormat("no expansion '%s' with %d numbers", form, step.numbers.size()));
}

}  // namespace tunefarm::compiler
