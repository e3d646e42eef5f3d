// Expansions: whole kernels built by a function of their own instead of by loop steps, for
// algorithms that rearrange data so that no loop order expresses them. A schedule that expands is
// the one step expand(stage, form, numbers...); its result is loop IR like any other: verified,
// interpreted, compiled for every target.
#ifndef TUNEFARM_COMPILER_LOWER_EXPAND_EXPAND_H_
#define TUNEFARM_COMPILER_LOWER_EXPAND_EXPAND_H_

#include "absl/status/statusor.h"
#include "compiler/lower/lowered_kernel.h"
#include "compiler/op/operator.h"
#include "compiler/schedule/schedule.h"

namespace tunefarm::compiler {

// Errors: kFailedPrecondition (the form does not take this operator or these numbers).
absl::StatusOr<LoweredKernel> Expand(const Operator& op, const Step& step);

// The forms.
absl::StatusOr<LoweredKernel> ExpandPairTile(const Operator& op, const PairTileKnobs& knobs);
absl::StatusOr<LoweredKernel> ExpandWindowRows(const Operator& op, const WindowRowsKnobs& knobs);
absl::StatusOr<LoweredKernel> ExpandTableAdd(const Operator& op, const TableAddKnobs& knobs);
absl::StatusOr<LoweredKernel> ExpandTableSoftmax(const Operator& op,
                                                 const TableSoftmaxKnobs& knobs);

}  // namespace tunefarm::compiler

#endif  // TUNEFARM_COMPILER_LOWER_EXPAND_EXPAND_H_
