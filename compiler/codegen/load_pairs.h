// An IR pass for 32-bit Arm: two quadwords that lie side by side come in one instruction.
//
//   q0 = w[p .. p + 4]; q1 = w[p + 4 .. p + 8]  ->  vld1.32 {d0-d3}, [p]
//
// The 64-bit instruction set has ldp for this, which LLVM forms by itself.
#ifndef TUNEFARM_COMPILER_CODEGEN_LOAD_PAIRS_H_
#define TUNEFARM_COMPILER_CODEGEN_LOAD_PAIRS_H_

#include <llvm/IR/Function.h>

namespace tunefarm::compiler {

// Pairs loads of four f32 from memory that the kernel only reads, block by block, where 32 bytes of
// alignment are known: the instruction as LLVM emits it demands them.
void PairQuadwordLoads(llvm::Function& function);

}  // namespace tunefarm::compiler

#endif  // TUNEFARM_COMPILER_CODEGEN_LOAD_PAIRS_H_
