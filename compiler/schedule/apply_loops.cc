#include <algorithm>

#include "absl/strings/str_format.h"
#include "base/status.h"
#include "compiler/schedule/apply.h"
#include "compiler/schedule/pair_term.h"

namespace tunefarm::compiler {
namespace {

absl::StatusOr<int> FindLeaf(const ScheduledStage& stage, const std::string& name) {
  const int axis = stage.FindAxis(name);
  if (axis < 0) return absl::NotFoundError(absl::StrFormat("no axis %s", name));
  if (!stage.IsLeaf(axis)) {
    return absl::FailedPreconditionError(
        absl::StrFormat("axis %s is already split or fused", name));
  }
  return axis;
}

int AddAxis(ScheduledStage& stage, const std::string& name, const ScheduledAxis& like,
            ScheduledAxis::Origin origin, int relation) {
  stage.axes.push_back(
      {.name = name, .reduce = like.reduce, .origin = origin, .relation = relation});
  return static_cast<int>(stage.axes.size()) - 1;
}

absl::Status RequireSerial(const ScheduledAxis& axis) {
  if (axis.kind == LoopKind::kSerial && axis.peel_before == 0 && axis.peel_after == 0) {
    return absl::OkStatus();
  }
  return absl::FailedPreconditionError(absl::StrFormat("axis %s is already annotated", axis.name));
}

absl::Status ApplySplit(const Step& step, ScheduledStage& stage) {
  TUNEFARM_ASSIGN_OR_RETURN(const int parent, FindLeaf(stage, step.names[0]));
  TUNEFARM_RETURN_IF_ERROR(RequireSerial(stage.axes[parent]));
  const int64_t factor = step.numbers[0];
  if (factor < 1) {
    return absl::FailedPreconditionError(absl::StrFormat("factor %d is below 1", factor));
  }
  const ScheduledAxis like = stage.axes[parent];
  const int relation = static_cast<int>(stage.splits.size());
  const int outer =
      AddAxis(stage, like.name + "_outer", like, ScheduledAxis::Origin::kSplit, relation);
  const int inner =
      AddAxis(stage, like.name + "_inner", like, ScheduledAxis::Origin::kSplit, relation);
  stage.splits.push_back({parent, outer, inner, factor});
  const auto position = std::find(stage.leaves.begin(), stage.leaves.end(), parent);
  *position = outer;
  stage.leaves.insert(std::find(stage.leaves.begin(), stage.leaves.end(), outer) + 1, inner);
  return absl::OkStatus();
}

absl::Status ApplyReorder(const Step& step, ScheduledStage& stage) {
  std::vector<int> order;
  for (const std::string& name : step.names) {
    TUNEFARM_ASSIGN_OR_RETURN(const int axis, FindLeaf(stage, name));
    if (std::find(order.begin(), order.end(), axis) != order.end()) {
      return absl::FailedPreconditionError(absl::StrFormat("axis %s is named twice", name));
    }
    order.push_back(axis);
  }
  if (order.size() != stage.leaves.size()) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "%d axes are named, the stage has %d loops", order.size(), stage.leaves.size()));
  }
  stage.leaves = std::move(order);
  return absl::OkStatus();
}

absl::Status ApplyFuse(const Step& step, ScheduledStage& stage) {
  TUNEFARM_ASSIGN_OR_RETURN(const int outer, FindLeaf(stage, step.names[0]));
  TUNEFARM_ASSIGN_OR_RETURN(const int inner, FindLeaf(stage, step.names[1]));
  TUNEFARM_RETURN_IF_ERROR(RequireSerial(stage.axes[outer]));
  TUNEFARM_RETURN_IF_ERROR(RequireSerial(stage.axes[inner]));
  const auto position = std::find(stage.leaves.begin(), stage.leaves.end(), outer);
  if (position + 1 == stage.leaves.end() || *(position + 1) != inner) {
    return absl::FailedPreconditionError(
        absl::StrFormat("%s is not directly inside %s", step.names[1], step.names[0]));
  }
  if (stage.axes[outer].reduce != stage.axes[inner].reduce) {
    return absl::FailedPreconditionError("one axis is data-parallel, the other a reduction");
  }
  const int relation = static_cast<int>(stage.fuses.size());
  const int fused = AddAxis(stage, step.names[0] + "_" + step.names[1], stage.axes[outer],
                            ScheduledAxis::Origin::kFuse, relation);
  stage.fuses.push_back({fused, outer, inner});
  *position = fused;
  stage.leaves.erase(position + 1);
  return absl::OkStatus();
}

absl::Status ApplyAnnotation(const Step& step, LoopKind kind, ScheduledStage& stage) {
  TUNEFARM_ASSIGN_OR_RETURN(const int axis, FindLeaf(stage, step.names[0]));
  if (stage.axes[axis].kind != LoopKind::kSerial) return RequireSerial(stage.axes[axis]);
  if (stage.axes[axis].reduce && kind != LoopKind::kUnrolled) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "axis %s is a reduction, its iterations depend on each other", step.names[0]));
  }
  stage.axes[axis].kind = kind;
  return absl::OkStatus();
}

absl::Status ApplyPeel(const Step& step, ScheduledStage& stage) {
  TUNEFARM_ASSIGN_OR_RETURN(const int axis, FindLeaf(stage, step.names[0]));
  constexpr int64_t kMost = 16;
  for (int64_t count : step.numbers) {
    if (count < 0 || count > kMost) {
      return absl::FailedPreconditionError(
          absl::StrFormat("%d iterations to peel are not in [0, %d]", count, kMost));
    }
  }
  if (stage.axes[axis].kind != LoopKind::kSerial) return RequireSerial(stage.axes[axis]);
  stage.axes[axis].peel_before = step.numbers[0];
  stage.axes[axis].peel_after = step.numbers[1];
  return absl::OkStatus();
}

absl::Status ApplyTensorize(const Step& step, ScheduledStage& stage) {
  TUNEFARM_ASSIGN_OR_RETURN(const int axis, FindLeaf(stage, step.names[0]));
  const ScheduledAxis& scheduled = stage.axes[axis];
  const bool is_inner = scheduled.origin == ScheduledAxis::Origin::kSplit &&
                        stage.splits[scheduled.relation].inner == axis;
  const int64_t terms = is_inner ? stage.splits[scheduled.relation].factor : 0;
  if (!scheduled.reduce || (terms != 1 && terms != 2 && terms != 4)) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "axis %s is not the inner half of a reduction split by 1, 2 or 4", step.names[0]));
  }
  if (stage.stage.reduction != Reduction::kSum || stage.stage.buffer->dtype != DType::kS32) {
    return absl::FailedPreconditionError("only s32 sums have a pairwise multiply-add");
  }
  if (!IsPairTerm(stage.stage.value)) {
    return absl::FailedPreconditionError("the term is no product of two widened s8 elements");
  }
  if (terms == 4 && !IsPlainPairTerm(stage.stage.value)) {
    return absl::FailedPreconditionError("four terms at a time leave no room for a zero point");
  }
  stage.tensorized_axis = axis;
  stage.tensorized_terms = terms;
  return absl::OkStatus();
}

}  // namespace

absl::Status ApplyLoopStep(const Step& step, ScheduledStage& stage) {
  switch (step.kind) {
    case StepKind::kSplit:
      return ApplySplit(step, stage);
    case StepKind::kReorder:
      return ApplyReorder(step, stage);
    case StepKind::kFuse:
      return ApplyFuse(step, stage);
    case StepKind::kVectorize:
      return ApplyAnnotation(step, LoopKind::kVectorized, stage);
    case StepKind::kUnroll:
      return ApplyAnnotation(step, LoopKind::kUnrolled, stage);
    case StepKind::kParallel:
      return ApplyAnnotation(step, LoopKind::kParallel, stage);
    case StepKind::kPeel:
      return ApplyPeel(step, stage);
    case StepKind::kTensorize:
      return ApplyTensorize(step, stage);
    default:
      TUNEFARM_CHECK(false, "not a loop step");
  }
}

}  // namespace tunefarm::compiler
