// A machine pass that starts loads early enough for cores that execute in order: such a core stalls
// at the first instruction whose operand has not arrived. Runs after place_loads.h has put every
// load right before its first use, and before registers are allocated.
//
//   ldr q1; fmla v16, v0, v1.s[0]; ...  ->  ldr q1; (`ahead` multiply-adds); fmla v16, v0, v1.s[0]
//
// Or loads stand in groups: those of the next `group` multiply-adds before the first of these. An
// in-order core that writes results back in order waits once per group.
//
// Loads of a loop's next iteration (rotate_loads.h) stand at the end of the body as far above as
// that, but not before the last use of this iteration's value: both then share a register. The
// scalar instructions at the end of a body follow its last load, where nothing waits for them.
#ifndef TUNEFARM_COMPILER_CODEGEN_LOAD_AHEAD_H_
#define TUNEFARM_COMPILER_CODEGEN_LOAD_AHEAD_H_

#include <llvm/Pass.h>

#include <cstdint>

namespace tunefarm::compiler {

// For machine code in SSA form. Owned by the pass manager it is given to.
// One of the two is 0; they are those of Streaming in lowered_kernel.h.
llvm::Pass* CreateLoadAheadPass(int64_t ahead, int64_t group);

}  // namespace tunefarm::compiler

#endif  // TUNEFARM_COMPILER_CODEGEN_LOAD_AHEAD_H_
