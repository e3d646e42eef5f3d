#include "compiler/lower/expand/loops.h"

namespace tunefarm::compiler {

Stmt Loop(const std::string& name, int64_t extent, const LoopBody& body, LoopKind kind) {
  const Expr var = MakeVar(name);
  return MakeFor(var, Expr(0), Expr(extent), kind, body(var));
}

Stmt UnrolledLoop(const std::string& name, int64_t extent, int64_t unroll, const LoopBody& body) {
  const int64_t blocks = extent / unroll, rest = extent % unroll;
  std::vector<Stmt> parts;
  if (blocks > 0) {
    parts.push_back(Loop(name + "_outer", blocks, [&](const Expr& outer) {
      return Loop(
          name + "_inner", unroll,
          [&](const Expr& inner) { return body(outer * Expr(unroll) + inner); },
          LoopKind::kUnrolled);
    }));
  }
  if (rest > 0) {
    parts.push_back(Loop(
        name + "_rest", rest, [&](const Expr& i) { return body(Expr(blocks * unroll) + i); },
        LoopKind::kUnrolled));
  }
  return MakeBlock(std::move(parts));
}

}  // namespace tunefarm::compiler
