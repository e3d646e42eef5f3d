// Builds the loop nest of a scheduled operator: the first step of lowering. Loops, tails, peeled
// borders, accumulators and the regions of stages computed inside others appear here; accesses keep
// one index per dimension.
#ifndef TUNEFARM_COMPILER_LOWER_NEST_H_
#define TUNEFARM_COMPILER_LOWER_NEST_H_

#include "absl/status/statusor.h"
#include "compiler/schedule/scheduled_operator.h"

namespace tunefarm::compiler {

// The statements of the run entry (prepared == false) or of the prepare entry. An empty block if
// there are none. Errors: kFailedPrecondition (a region that is not a box, or that depends on
// skipped padding).
absl::StatusOr<Stmt> BuildNest(const ScheduledOperator& scheduled, bool prepared);

}  // namespace tunefarm::compiler

#endif  // TUNEFARM_COMPILER_LOWER_NEST_H_
