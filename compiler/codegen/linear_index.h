// A flat index as a sum: constant + factor x term + ..., and for a vector access the pattern of its
// lanes. Codegen turns the terms into shared pointers and the constant into the displacement of an
// addressing mode. Stands between the IR and the LLVM emitters; relies on ir/ only.
#ifndef TUNEFARM_COMPILER_CODEGEN_LINEAR_INDEX_H_
#define TUNEFARM_COMPILER_CODEGEN_LINEAR_INDEX_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "compiler/ir/nodes.h"

namespace tunefarm::compiler {

// value is a scalar of type index: a Var, or an expression that is not linear (a division, a
// minimum, a load).
struct LinearTerm {
  Expr value;
  int64_t factor = 1;
};

// Lane i of the access is at element constant + sum(factor x value) + lane_stride x (i %
// lane_period).
struct LinearIndex {
  int64_t constant = 0;
  std::vector<LinearTerm> terms;  // Distinct nodes, no factor 0, in order of first appearance.
  int lanes = 1;
  int64_t lane_stride = 0;
  int lane_period = 1;  // A divisor of lanes.

  bool is_contiguous() const { return lane_period == lanes && (lanes == 1 || lane_stride == 1); }
};

// Nothing if the lanes of a vector index follow no such pattern. Lane patterns known: Ramp,
// Broadcast, their sums and constant multiples, and the repetition FloorMod(Ramp(0, 1, lanes),
// Broadcast(period)).
std::optional<LinearIndex> Linearize(const Expr& index);

}  // namespace tunefarm::compiler

#endif  // TUNEFARM_COMPILER_CODEGEN_LINEAR_INDEX_H_
