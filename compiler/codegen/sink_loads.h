// A machine pass that moves every load down to its first use.
//
// Lowering decides the order of multiply-adds so that accumulators, operands and one broadcast just
// fit the register file. LLVM's instruction selection gathers neighbouring loads and its
// pre-allocation scheduler starts them early; both are good on their own and fatal with 28 of 32
// registers taken: accumulators are spilled inside the inner loop. On out-of-order cores the
// hardware starts the loads early anyway, so codegen switches that scheduler off and restores the
// order of the IR with this pass.
#ifndef TUNEFARM_COMPILER_CODEGEN_SINK_LOADS_H_
#define TUNEFARM_COMPILER_CODEGEN_SINK_LOADS_H_

#include <llvm/Pass.h>

namespace tunefarm::compiler {

// For machine code in SSA form. Owned by the pass manager it is given to.
llvm::Pass* CreateSinkLoadsPass();

}  // namespace tunefarm::compiler

#endif  // TUNEFARM_COMPILER_CODEGEN_SINK_LOADS_H_
