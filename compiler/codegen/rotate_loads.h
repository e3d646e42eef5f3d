// An IR pass that loads what the first multiply-adds of a loop's iteration need in the iteration
// before: software pipelining of depth one, for cores that execute in order.
//
//   for i in 0..N:                       x = in[0]
//     x = in[i]                          for i in 0..N-1:
//     acc += x * w[i]             ->       next = in[i + 1]; acc += x * w[i]; x = next
//                                        acc += x * w[N - 1]
//
// The last iteration is a copy behind the loop, so that nothing is read past the end. Where in the
// body the loads stand is decided later, among machine instructions (load_ahead.h).
#ifndef TUNEFARM_COMPILER_CODEGEN_ROTATE_LOADS_H_
#define TUNEFARM_COMPILER_CODEGEN_ROTATE_LOADS_H_

#include <llvm/IR/Function.h>

#include <cstdint>

namespace tunefarm::compiler {

// Rotates loops of one block, a constant number of iterations of at least two, and without stores;
// of their loads those whose first multiply-add is one of the first `ahead` of the body.
void RotateLoads(llvm::Function& function, int64_t ahead);

}  // namespace tunefarm::compiler

#endif  // TUNEFARM_COMPILER_CODEGEN_ROTATE_LOADS_H_
