// An operator's stages as the plainest loop nest there is, with no schedule: what the stages mean.
// Tests hold the stages against the reference with it, and schedules against the stages.
#ifndef TUNEFARM_COMPILER_OP_EVALUATE_H_
#define TUNEFARM_COMPILER_OP_EVALUATE_H_

#include <vector>

#include "absl/status/statusor.h"
#include "compiler/op/operator.h"
#include "compiler/op/reference.h"

namespace tunefarm::compiler {

// for each stage: for axes: [buffer = init; for reduce axes:] buffer = ... . Parameters: the inputs
// in order, then the output; intermediate stages are scratch.
Function NaiveLoops(const Operator& op);

// Interprets NaiveLoops on `inputs`. Errors: those of Interpret.
absl::StatusOr<TensorBytes> EvaluateStages(const Operator& op, std::vector<TensorBytes> inputs);

}  // namespace tunefarm::compiler

#endif  // TUNEFARM_COMPILER_OP_EVALUATE_H_
