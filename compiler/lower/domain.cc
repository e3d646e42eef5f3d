#include "compiler/lower/domain.h"

#include "absl/strings/str_format.h"
#include "base/status.h"

namespace tunefarm::compiler {

Domain::Domain(const ScheduledStage& stage, const std::vector<AxisRange>& data_ranges)
    : stage_(&stage),
      axes_(stage.axes.size()),
      split_of_(stage.axes.size(), -1),
      fuse_of_(stage.axes.size(), -1) {
  for (size_t i = 0; i < stage.splits.size(); ++i)
    split_of_[stage.splits[i].parent] = static_cast<int>(i);
  for (size_t i = 0; i < stage.fuses.size(); ++i) {
    fuse_of_[stage.fuses[i].outer] = static_cast<int>(i);
    fuse_of_[stage.fuses[i].inner] = static_cast<int>(i);
  }
  for (const AxisRange& range : data_ranges) base_.push_back(range.base);
  for (int root = 0; root < stage.num_roots(); ++root) {
    const bool data = root < static_cast<int>(data_ranges.size());
    MakeKnown(root, 0, data ? data_ranges[root].extent : stage.root(root).extent);
  }
}

// A fused axis is known as soon as both its parts are.
void Domain::MakeKnown(int axis, int64_t min, int64_t extent) {
  axes_[axis].known = true;
  axes_[axis].min = min;
  axes_[axis].extent = extent;
  // A single iteration needs no loop: what depends on it is fixed at once.
  if (extent == 1 && stage_->IsLeaf(axis)) axes_[axis].value = Expr(min);
  const int fuse = fuse_of_[axis];
  if (fuse < 0) return;
  const FuseRelation& relation = stage_->fuses[fuse];
  if (!axes_[relation.outer].known || !axes_[relation.inner].known) return;
  MakeKnown(relation.fused, 0, axes_[relation.outer].extent * axes_[relation.inner].extent);
}

int Domain::FirstUndecided(int axis) const {
  if (axes_[axis].known) return -1;
  const ScheduledAxis& scheduled = stage_->axes[axis];
  if (scheduled.origin == ScheduledAxis::Origin::kFuse) {
    const FuseRelation& relation = stage_->fuses[scheduled.relation];
    const int outer = FirstUndecided(relation.outer);
    return outer >= 0 ? outer : FirstUndecided(relation.inner);
  }
  const int parent = stage_->splits[scheduled.relation].parent;
  return axes_[parent].known ? scheduled.relation : FirstUndecided(parent);
}

int64_t Domain::MainExtent(int split) const {
  const SplitRelation& relation = stage_->splits[split];
  return axes_[relation.parent].extent / relation.factor;
}

int64_t Domain::TailExtent(int split) const {
  const SplitRelation& relation = stage_->splits[split];
  return axes_[relation.parent].extent % relation.factor;
}

void Domain::DecideMain(int split) {
  const SplitRelation& relation = stage_->splits[split];
  axes_[relation.parent].decided = true;
  MakeKnown(relation.outer, 0, MainExtent(split));
  MakeKnown(relation.inner, 0, relation.factor);
}

void Domain::DecideTail(int split) {
  const SplitRelation& relation = stage_->splits[split];
  axes_[relation.parent].decided = true;
  MakeKnown(relation.outer, MainExtent(split), 1);
  MakeKnown(relation.inner, 0, TailExtent(split));
}

void Domain::Bind(int axis, Expr value) { axes_[axis].value = std::move(value); }

Expr Domain::ValueOfAxis(int axis) const {
  const AxisState& state = axes_[axis];
  if (state.value.defined()) return state.value;
  if (split_of_[axis] >= 0) {
    const SplitRelation& split = stage_->splits[split_of_[axis]];
    return Expr(state.min) + ValueOfAxis(split.outer) * Expr(split.factor) +
           ValueOfAxis(split.inner);
  }
  TUNEFARM_CHECK(fuse_of_[axis] >= 0, "value of an unbound axis " + stage_->axes[axis].name);
  const FuseRelation& fuse = stage_->fuses[fuse_of_[axis]];
  const Expr fused = ValueOfAxis(fuse.fused), width(axes_[fuse.inner].extent);
  return Expr(state.min) + (axis == fuse.outer ? FloorDiv(fused, width) : FloorMod(fused, width));
}

Expr Domain::ValueOf(int root) const { return ValueOfAxis(root); }

absl::StatusOr<AxisRange> Domain::RangeOfAxis(int axis) const {
  const AxisState& state = axes_[axis];
  if (state.value.defined()) return AxisRange{state.value, 1};
  if (split_of_[axis] >= 0 && state.decided) {
    const SplitRelation& split = stage_->splits[split_of_[axis]];
    TUNEFARM_ASSIGN_OR_RETURN(const AxisRange outer, RangeOfAxis(split.outer));
    TUNEFARM_ASSIGN_OR_RETURN(const AxisRange inner, RangeOfAxis(split.inner));
    return AxisRange{Expr(state.min) + outer.base * Expr(split.factor) + inner.base,
                     split.factor * (outer.extent - 1) + inner.extent};
  }
  if (fuse_of_[axis] >= 0) {
    const FuseRelation& fuse = stage_->fuses[fuse_of_[axis]];
    const int64_t width = axes_[fuse.inner].extent;
    if (axes_[fuse.fused].known) {
      TUNEFARM_ASSIGN_OR_RETURN(const AxisRange fused, RangeOfAxis(fuse.fused));
      if (fused.extent == 1) return AxisRange{ValueOfAxis(axis), 1};
      if (fused.extent != axes_[fuse.fused].extent) {
        return absl::FailedPreconditionError(absl::StrFormat(
            "a region below fused axis %s, of which %d of %d iterations (rows of %d) are left",
            stage_->axes[fuse.fused].name, fused.extent, axes_[fuse.fused].extent, width));
      }
    }
  }
  return AxisRange{Expr(state.min), state.extent};
}

absl::StatusOr<AxisRange> Domain::RangeOf(int root) const {
  TUNEFARM_ASSIGN_OR_RETURN(AxisRange range, RangeOfAxis(root));
  if (root < static_cast<int>(base_.size())) range.base = base_[root] + range.base;
  return range;
}

bool Domain::IsFixed(int root) const {
  if (axes_[root].value.defined()) return true;
  if (split_of_[root] >= 0) {
    const SplitRelation& split = stage_->splits[split_of_[root]];
    return IsFixed(split.outer) && IsFixed(split.inner);
  }
  return fuse_of_[root] >= 0 && IsFixed(stage_->fuses[fuse_of_[root]].fused);
}

}  // namespace tunefarm::compiler
