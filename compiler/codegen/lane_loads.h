// An IR pass that makes one load of several that lie side by side, where each loaded element is
// spread over a vector.
//
//   float x0 = in[p], x1 = in[p + 1];          <2 x float> x = in[p .. p + 2]
//   acc += splat(x0) * w0                  ->  acc += splat(x[0]) * w0
//   acc += splat(x1) * w1                      acc += splat(x[1]) * w1
//
// Arm multiplies by one element of a register, so that the spreading vanishes and a vector of four
// input channels costs one load instead of four. What stands between load and spreading (widening
// s8, subtracting a zero point) is done once for all lanes. LLVM's own vectorisers do not find
// this: the elements are used one at a time.
#ifndef TUNEFARM_COMPILER_CODEGEN_LANE_LOADS_H_
#define TUNEFARM_COMPILER_CODEGEN_LANE_LOADS_H_

#include <llvm/IR/Function.h>

#include <cstdint>

namespace tunefarm::compiler {

// Joins at most `max_lanes` (a power of two) elements at a time. Works block by block, on code with
// its register buffers in SSA form and equal expressions shared.
void JoinLaneLoads(llvm::Function& function, int64_t max_lanes);

}  // namespace tunefarm::compiler

#endif  // TUNEFARM_COMPILER_CODEGEN_LANE_LOADS_H_
