// A machine pass that decides where values are loaded, before registers are allocated.
//
// Lowering orders multiply-adds so that accumulators, operands and one broadcast just fit the
// register file. LLVM undoes that in two ways: instruction selection and scheduling gather
// neighbouring loads and start them early, and equal loads become one value that lives as long as
// its last use; then accumulators are spilled inside the inner loop. So this pass
//  - moves every load down to its first use (out-of-order hardware starts it early by itself), and
//  - where more vectors are live than there are registers, loads a value again before its next use
//    instead of keeping it: the one whose next use is farthest (Belady, 1966). Only within a block,
//    and where nothing is stored in between or the kernel never writes the buffer.
#ifndef TUNEFARM_COMPILER_CODEGEN_PLACE_LOADS_H_
#define TUNEFARM_COMPILER_CODEGEN_PLACE_LOADS_H_

#include <llvm/Pass.h>

#include <cstdint>

namespace tunefarm::compiler {

// For machine code in SSA form. Owned by the pass manager it is given to.
llvm::Pass* CreatePlaceLoadsPass(int64_t num_vector_registers);

}  // namespace tunefarm::compiler

#endif  // TUNEFARM_COMPILER_CODEGEN_PLACE_LOADS_H_
