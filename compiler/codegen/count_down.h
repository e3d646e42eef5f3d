// An IR pass that lets a loop's counter run down to 0: on Arm the subtraction sets the flags, so
// that one instruction per iteration goes.
//
//   i = 0:  body;  i = i + 1;  if i < 8 goto body     ->     i = 8:  body;  i = i - 1;  if i != 0
//   ...
#ifndef TUNEFARM_COMPILER_CODEGEN_COUNT_DOWN_H_
#define TUNEFARM_COMPILER_CODEGEN_COUNT_DOWN_H_

#include <llvm/IR/Function.h>

namespace tunefarm::compiler {

// Turns the loops of one block that count up by one, between constants, with a counter that does
// nothing but count.
void CountDown(llvm::Function& function);

}  // namespace tunefarm::compiler

#endif  // TUNEFARM_COMPILER_CODEGEN_COUNT_DOWN_H_
