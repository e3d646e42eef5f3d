// An operator with a schedule applied: per stage the tree of split and fused axes, the loop order
// and where the stage is computed. Lowering (compiler/lower) turns it into loops. Between
// schedule.h (data) and the loop nest.
#ifndef TUNEFARM_COMPILER_SCHEDULE_SCHEDULED_OPERATOR_H_
#define TUNEFARM_COMPILER_SCHEDULE_SCHEDULED_OPERATOR_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "compiler/op/operator.h"
#include "compiler/schedule/schedule.h"

namespace tunefarm::compiler {

// An axis of a stage: one of the operator's own (a root), half of a split, or a fusion. Axes are
// named by position in ScheduledStage::axes.
struct ScheduledAxis {
  std::string name;
  bool reduce = false;
  enum class Origin { kRoot, kSplit, kFuse } origin = Origin::kRoot;
  int relation = -1;  // kSplit: position in splits; kFuse: position in fuses.
  LoopKind kind = LoopKind::kSerial;
  int64_t peel_before = 0, peel_after = 0;
};

struct SplitRelation {
  int parent = -1, outer = -1, inner = -1;
  int64_t factor = 1;
};
struct FuseRelation {
  int fused = -1, outer = -1, inner = -1;
};

struct ScheduledStage {
  Stage stage;  // Expressions are in the roots' variables; roots are axes [0, num_roots()):
                // data-parallel, then reduce.
  std::vector<ScheduledAxis> axes;
  std::vector<SplitRelation> splits;
  std::vector<FuseRelation> fuses;
  std::vector<int> leaves;  // The loops, outermost first.

  bool inlined = false;
  bool prepared = false;  // Computed by the prepare entry: reads constants only.
  // Computed inside this loop of another stage; absent: at the root.
  struct Attachment {
    int consumer = -1;  // Position in ScheduledOperator::stages.
    int axis = -1;      // A leaf of the consumer.
  };
  std::optional<Attachment> attached;
  Scope scope = Scope::kScratch;  // Of the stage's buffer, where it is not an output.
  // Conditions under which the reduction term counts (from an inlined padding stage); the term is
  // skipped elsewhere.
  std::vector<Expr> conditions;
  int tensorized_axis = -1;
  int64_t tensorized_terms = 0;  // The extent that axis has when it is computed by an instruction.
  bool recentered = false;       // The term leaves out a zero point: padding must be copied.

  int num_roots() const { return static_cast<int>(stage.axes.size() + stage.reduce_axes.size()); }
  // The root's own variable and extent.
  const Axis& root(int axis) const {
    const int num_data = static_cast<int>(stage.axes.size());
    return axis < num_data ? stage.axes[axis] : stage.reduce_axes[axis - num_data];
  }
  int FindAxis(const std::string& name) const;  // -1 if there is none.
  bool IsLeaf(int axis) const;
  // A vectorised loop runs over (part of) this axis.
  bool VectorizedBelow(int axis) const;
};

struct ScheduledOperator {
  Operator op;                         // As given; op.stages is superseded by `stages`.
  std::vector<ScheduledStage> stages;  // In order of computation; the last one writes op.output.
  // Of the step `stream`: one kernel has one loop that matters.
  int64_t stream_lanes = 1, stream_ahead = 0, stream_group = 0;
  std::string code_memory;        // Of the step `place_code`; empty: wherever code lies.
  std::optional<Step> expansion;  // Builds the kernel instead of the stages' loops.

  int FindStage(const std::string& name) const;  // -1 if there is none.
  // Stages (not inlined) whose expressions read `buffer`.
  std::vector<int> ReadersOf(const Buffer& buffer) const;
};

// Applies the steps in order. Errors: kFailedPrecondition (not legal here) or kNotFound (no such
// stage or axis), with the step's text, the value met and the bound: "split(out, ow, 0): factor 0
// is below 1".
absl::StatusOr<ScheduledOperator> ApplySchedule(const Operator& op, const Schedule& schedule);

}  // namespace tunefarm::compiler

#endif  // TUNEFARM_COMPILER_SCHEDULE_SCHEDULED_OPERATOR_H_
