// Region inference: which part of a stage's tensor its readers need.
#ifndef TUNEFARM_COMPILER_LOWER_REGION_H_
#define TUNEFARM_COMPILER_LOWER_REGION_H_

#include <vector>

#include "absl/status/statusor.h"
#include "compiler/lower/domain.h"
#include "compiler/schedule/scheduled_operator.h"

namespace tunefarm::compiler {

// The box of `producer`'s tensor that is read while the loops of `consumer` not yet bound in
// `domain` run, be it by the consumer itself or by stages attached to it. One range per dimension.
// Errors: kFailedPrecondition (not a box of constant extent; read under a padding condition).
absl::StatusOr<std::vector<AxisRange>> RequiredRegion(const ScheduledOperator& scheduled,
                                                      int producer, int consumer,
                                                      const Domain& domain);

}  // namespace tunefarm::compiler

#endif  // TUNEFARM_COMPILER_LOWER_REGION_H_
