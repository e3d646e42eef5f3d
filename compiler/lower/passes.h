// The passes between the loop nest as built and what codegen takes. Each is a function of a
// statement; the verifier runs after every one (lower.cc).
#ifndef TUNEFARM_COMPILER_LOWER_PASSES_H_
#define TUNEFARM_COMPILER_LOWER_PASSES_H_

#include "compiler/ir/nodes.h"

namespace tunefarm::compiler {

// Every access gets one index, in elements, row-major.
//   in[n, h, w, c] of extents [1, 56, 56, 64]  ->  in[n*200704 + h*3584 + w*64 + c]
Stmt FlattenAccesses(const Stmt& stmt);

// Every kVectorized loop becomes vector operations: accesses affine in its variable become Ramps.
// Requires flattened accesses. A loop that uses its variable otherwise (in a condition, under a
// division), whose body is not plain stores or whose extent is one becomes kUnrolled, which
// computes the same.
//   vectorized for c in 0..16: y[i*16 + c] = x[c*2] + k   ->   y[ramp(i*16, 1, 16)] = x[ramp(0, 2,
//   16)] + broadcast(k)
Stmt VectorizeLoops(const Stmt& stmt);

// Register buffers that cannot be registers (an index that is not constant after unrolling, more
// than 16 KiB) move to scratch memory.
Stmt DemoteRegisters(const Stmt& stmt);

}  // namespace tunefarm::compiler

#endif  // TUNEFARM_COMPILER_LOWER_PASSES_H_
