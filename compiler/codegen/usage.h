// What a piece of IR uses from around it. Codegen loads only the buffers a function needs and hands
// a parallel body only the values it needs.
#ifndef TUNEFARM_COMPILER_CODEGEN_USAGE_H_
#define TUNEFARM_COMPILER_CODEGEN_USAGE_H_

#include <unordered_set>
#include <vector>

#include "compiler/ir/nodes.h"

namespace tunefarm::compiler {

// Each once, in order of first appearance, so that what is made of it is the same on every run.
struct Usage {
  std::vector<const ExprNode*> vars;  // Var nodes bound outside.
  std::vector<Buffer> buffers;  // Buffers of outside: arguments, and allocations around this code.
  std::vector<Buffer> scratch;  // Scratch buffers allocated inside.
};

Usage UsageOf(const Stmt& stmt);
// Of one iteration of a loop: its body and its lower bound, the loop's variable being bound.
Usage UsageOfIteration(const For& loop);

// Every buffer that `stmt` stores to.
std::unordered_set<const BufferNode*> StoredBuffers(const Stmt& stmt);

// True if evaluating `expr` reads memory (any buffer but a register).
bool ReadsMemory(const Expr& expr);

}  // namespace tunefarm::compiler

#endif  // TUNEFARM_COMPILER_CODEGEN_USAGE_H_
