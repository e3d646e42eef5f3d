// The iteration domain of one stage while its loops are being built: which axes have known extents,
// which are bound to a loop variable, and how a split that does not divide falls into two boxes.
//
// A split of extent E by f covers [0, E) with two boxes: main (outer in [0, E/f), inner in [0, f))
// and tail (outer = E/f, inner in [0, E%f)). Lowering decides a split when it reaches the first
// loop below it and builds what follows once per box, so every extent is a constant.
#ifndef TUNEFARM_COMPILER_LOWER_DOMAIN_H_
#define TUNEFARM_COMPILER_LOWER_DOMAIN_H_

#include <vector>

#include "absl/status/statusor.h"
#include "compiler/schedule/scheduled_operator.h"

namespace tunefarm::compiler {

// A range of an axis: base may hold loop variables, extent is constant.
struct AxisRange {
  Expr base;
  int64_t extent = 1;
};

class Domain {
 public:
  // `data_ranges`: one per data-parallel axis, the region of the stage to compute. `stage` outlives
  // the domain.
  Domain(const ScheduledStage& stage, const std::vector<AxisRange>& data_ranges);

  // The split that must be decided before a loop over `axis` can be built (the outermost such), or
  // -1.
  int FirstUndecided(int axis) const;
  // Extents of the boxes of a split (main, tail); zero: that box is empty.
  int64_t MainExtent(int split) const;
  int64_t TailExtent(int split) const;
  void DecideMain(int split);
  void DecideTail(int split);

  // Of a leaf whose splits are decided: it runs over [min, min + extent).
  int64_t MinOf(int axis) const { return axes_[axis].min; }
  int64_t ExtentOf(int axis) const { return axes_[axis].extent; }
  void Bind(int axis, Expr value);
  bool IsBound(int axis) const { return axes_[axis].value.defined(); }

  // The coordinate of a root, all loops below it bound; for data-parallel roots relative to the
  // region's base.
  Expr ValueOf(int root) const;
  // The coordinates of a root that the loops not yet bound run over, data-parallel ones with the
  // region's base added. Errors: kFailedPrecondition if a fused axis is bound in part.
  absl::StatusOr<AxisRange> RangeOf(int root) const;
  // All loops below the root are bound.
  bool IsFixed(int root) const;

 private:
  struct AxisState {
    bool known = false;    // min and extent are valid.
    bool decided = false;  // Of a split's parent: a box was chosen.
    int64_t min = 0, extent = 0;
    Expr value;  // Bound leaf.
  };

  void MakeKnown(int axis, int64_t min, int64_t extent);
  absl::StatusOr<AxisRange> RangeOfAxis(int axis) const;
  Expr ValueOfAxis(int axis) const;

  const ScheduledStage* stage_;
  std::vector<AxisState> axes_;
  std::vector<int> split_of_;  // Per axis: the split whose parent it is, or -1.
  std::vector<int> fuse_of_;   // Per axis: the fusion that swallowed it, or -1.
  std::vector<Expr> base_;     // Per data-parallel root.
};

}  // namespace tunefarm::compiler

#endif  // TUNEFARM_COMPILER_LOWER_DOMAIN_H_
