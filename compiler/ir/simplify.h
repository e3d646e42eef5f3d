// Simplification of index arithmetic and conditions, with the ranges of the loops around them; and
// unrolling, which is simplification with a loop variable of one value at a time.
#ifndef TUNEFARM_COMPILER_IR_SIMPLIFY_H_
#define TUNEFARM_COMPILER_IR_SIMPLIFY_H_

#include "compiler/ir/nodes.h"

namespace tunefarm::compiler {

// Index expressions in canonical linear form, provable conditions replaced by their branch, loops
// of one iteration replaced by their body, empty statements dropped. Idempotent. Values computed
// stay the same.
Stmt Simplify(const Stmt& stmt);

// Simplifies and replaces every kUnrolled loop of constant bounds by copies of its body.
Stmt UnrollAndSimplify(const Stmt& stmt);

}  // namespace tunefarm::compiler

#endif  // TUNEFARM_COMPILER_IR_SIMPLIFY_H_
