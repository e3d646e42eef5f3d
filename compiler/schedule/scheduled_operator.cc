#include "compiler/schedule/scheduled_operator.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_format.h"
#include "base/status.h"
#include "compiler/ir/visit.h"
#include "compiler/schedule/apply.h"

namespace tunefarm::compiler {
namespace {

// Finds whether an expression loads from a buffer.
class ReadFinder final : public Visitor {
 public:
  explicit ReadFinder(const Buffer& buffer) : buffer_(buffer) {}
  bool found = false;

 protected:
  using Visitor::Visit;
  void Visit(const Load& load) override {
    if (load.buffer == buffer_) found = true;
    Visitor::Visit(load);
  }

 private:
  const Buffer& buffer_;
};

absl::Status ApplyStep(const Step& step, ScheduledOperator& scheduled) {
  const int stage = scheduled.FindStage(step.stage);
  if (stage < 0) return absl::NotFoundError("no such stage");
  if (scheduled.stages[stage].inlined) return absl::FailedPreconditionError("the stage is inlined");
  switch (step.kind) {
    case StepKind::kComputeAt:
      return ApplyComputeAt(step, stage, scheduled);
    case StepKind::kInline:
      return ApplyInline(stage, scheduled);
    case StepKind::kCacheRead:
      return ApplyCacheRead(step, stage, scheduled);
    case StepKind::kCacheWrite:
      return ApplyCacheWrite(stage, scheduled);
    case StepKind::kPack:
      return ApplyPack(step, stage, scheduled);
    case StepKind::kRecenter:
      return ApplyRecenter(stage, scheduled);
    case StepKind::kStream:
      return ApplyStream(step, scheduled);
    case StepKind::kPlaceCode:
      return ApplyPlaceCode(step, scheduled);
    case StepKind::kExpand:
      return ApplyExpand(step, scheduled);
    default:
      return ApplyLoopStep(step, scheduled.stages[stage]);
  }
}

// Rules that only the whole schedule can break: what vectorize and parallel ask of the final loop
// order.
absl::Status CheckFinalOrder(const ScheduledStage& stage) {
  for (size_t i = 0; i < stage.leaves.size(); ++i) {
    const ScheduledAxis& axis = stage.axes[stage.leaves[i]];
    if (axis.kind == LoopKind::kVectorized && i + 1 != stage.leaves.size()) {
      return absl::FailedPreconditionError(absl::StrFormat(
          "stage %s: vectorized loop %s is not innermost", stage.stage.name, axis.name));
    }
    if (axis.kind == LoopKind::kParallel && (i != 0 || stage.attached)) {
      return absl::FailedPreconditionError(absl::StrFormat(
          "stage %s: parallel loop %s is not outermost", stage.stage.name, axis.name));
    }
  }
  return absl::OkStatus();
}

}  // namespace

int ScheduledStage::FindAxis(const std::string& name) const {
  for (size_t i = axes.size(); i-- > 0;) {
    if (axes[i].name == name) return static_cast<int>(i);
  }
  return -1;
}

bool ScheduledStage::IsLeaf(int axis) const {
  return std::find(leaves.begin(), leaves.end(), axis) != leaves.end();
}

bool ScheduledStage::VectorizedBelow(int axis) const {
  if (axes[axis].kind == LoopKind::kVectorized) return true;
  for (const SplitRelation& split : splits) {
    if (split.parent == axis) return VectorizedBelow(split.outer) || VectorizedBelow(split.inner);
  }
  return false;
}

int ScheduledOperator::FindStage(const std::string& name) const {
  for (size_t i = 0; i < stages.size(); ++i) {
    if (stages[i].stage.name == name) return static_cast<int>(i);
  }
  return -1;
}

std::vector<int> ScheduledOperator::ReadersOf(const Buffer& buffer) const {
  std::vector<int> readers;
  for (size_t i = 0; i < stages.size(); ++i) {
    if (stages[i].inlined) continue;
    ReadFinder finder(buffer);
    finder.VisitExpr(stages[i].stage.value);
    for (const Expr& condition : stages[i].conditions) finder.VisitExpr(condition);
    if (finder.found) readers.push_back(static_cast<int>(i));
  }
  return readers;
}

ScheduledStage MakeScheduledStage(Stage stage) {
  ScheduledStage scheduled;
  for (const Axis& axis : stage.axes) scheduled.axes.push_back({.name = axis.name});
  for (const Axis& axis : stage.reduce_axes) {
    scheduled.axes.push_back({.name = axis.name, .reduce = true});
  }
  for (size_t i = 0; i < scheduled.axes.size(); ++i)
    scheduled.leaves.push_back(static_cast<int>(i));
  scheduled.scope = stage.buffer->scope;
  scheduled.stage = std::move(stage);
  return scheduled;
}

absl::StatusOr<ScheduledOperator> ApplySchedule(const Operator& op, const Schedule& schedule) {
  ScheduledOperator scheduled;
  scheduled.op = op;
  for (const Stage& stage : op.stages) scheduled.stages.push_back(MakeScheduledStage(stage));
  for (const Step& step : schedule.steps) {
    const absl::Status status = ApplyStep(step, scheduled);
    if (!status.ok()) {
      const std::string text(absl::StripAsciiWhitespace(Print(Schedule{{step}})));
      return base::Annotate(status, text);
    }
  }
  TUNEFARM_RETURN_IF_ERROR(CheckStandsAlone(schedule, scheduled));
  for (const ScheduledStage& stage : scheduled.stages) {
    if (!stage.inlined) TUNEFARM_RETURN_IF_ERROR(CheckFinalOrder(stage));
  }
  return scheduled;
}

}  // namespace tunefarm::compiler
