// The effect of each step on a ScheduledOperator; used only by scheduled_operator.cc. Every
// function checks first, then builds; its error says which rule is broken, the caller adds the
// step's text.
#ifndef TUNEFARM_COMPILER_SCHEDULE_APPLY_H_
#define TUNEFARM_COMPILER_SCHEDULE_APPLY_H_

#include "absl/status/status.h"
#include "compiler/schedule/scheduled_operator.h"

namespace tunefarm::compiler {

// Loops of one stage: split, reorder, fuse, peel, vectorize, unroll, parallel, tensorize
// (apply_loops.cc).
absl::Status ApplyLoopStep(const Step& step, ScheduledStage& stage);

// Where and whether a stage is computed: compute_at, inline; how it is fed: stream
// (apply_placement.cc).
absl::Status ApplyComputeAt(const Step& step, int stage, ScheduledOperator& scheduled);
absl::Status ApplyStream(const Step& step, ScheduledOperator& scheduled);
absl::Status ApplyInline(int stage, ScheduledOperator& scheduled);

// Of the kernel as a whole (apply_kernel.cc): the memory that its code is for, its expansion.
absl::Status ApplyPlaceCode(const Step& step, ScheduledOperator& scheduled);
absl::Status ApplyExpand(const Step& step, ScheduledOperator& scheduled);
// What only the whole schedule tells: nothing but place_code stands beside an expansion.
absl::Status CheckStandsAlone(const Schedule& schedule, const ScheduledOperator& scheduled);

// The zero point out of a sum: recenter (apply_recenter.cc).
absl::Status ApplyRecenter(int stage, ScheduledOperator& scheduled);

// New stages: cache_read, cache_write, pack (apply_caches.cc).
absl::Status ApplyCacheRead(const Step& step, int stage, ScheduledOperator& scheduled);
absl::Status ApplyCacheWrite(int stage, ScheduledOperator& scheduled);
absl::Status ApplyPack(const Step& step, int stage, ScheduledOperator& scheduled);

// Inserts a stage before position `at`, keeping attachments right.
void InsertStage(ScheduledStage stage, int at, ScheduledOperator& scheduled);

// A stage with its roots as leaves, in order: data-parallel, then reduce.
ScheduledStage MakeScheduledStage(Stage stage);

}  // namespace tunefarm::compiler

#endif  // TUNEFARM_COMPILER_SCHEDULE_APPLY_H_
