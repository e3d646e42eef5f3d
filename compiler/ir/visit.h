// Walking and rewriting the IR: Visitor reads, Mutator rebuilds. The default of every method
// recurses, so a pass writes only the nodes it cares for.
#ifndef TUNEFARM_COMPILER_IR_VISIT_H_
#define TUNEFARM_COMPILER_IR_VISIT_H_

#include "compiler/ir/nodes.h"

namespace tunefarm::compiler {

// Reads a tree in order. Override Visit of the nodes of interest; call the base's to recurse.
class Visitor {
 public:
  virtual ~Visitor() = default;
  void VisitExpr(const Expr& expr);
  void VisitStmt(const Stmt& stmt);

 protected:
#define TUNEFARM_DECLARE(name) virtual void Visit(const name& node);
  TUNEFARM_FOR_EACH_EXPR(TUNEFARM_DECLARE)
  TUNEFARM_FOR_EACH_STMT(TUNEFARM_DECLARE)
#undef TUNEFARM_DECLARE
};

// Rebuilds a tree bottom-up. A subtree in which nothing changed comes back as the same pointer.
// `self` is the handle of `node`, to be returned when nothing changes.
class Mutator {
 public:
  virtual ~Mutator() = default;
  Expr MutateExpr(const Expr& expr);
  Stmt MutateStmt(const Stmt& stmt);

 protected:
#define TUNEFARM_DECLARE_EXPR(name) virtual Expr Mutate(const name& node, const Expr& self);
#define TUNEFARM_DECLARE_STMT(name) virtual Stmt Mutate(const name& node, const Stmt& self);
  TUNEFARM_FOR_EACH_EXPR(TUNEFARM_DECLARE_EXPR)
  TUNEFARM_FOR_EACH_STMT(TUNEFARM_DECLARE_STMT)
#undef TUNEFARM_DECLARE_EXPR
#undef TUNEFARM_DECLARE_STMT

  // Mutates each; sets *changed if one came back different.
  std::vector<Expr> MutateAll(const std::vector<Expr>& exprs, bool* changed);
};

// Dispatches on the kind of `expr` or `stmt`: fn is called with the concrete node (a generic lambda
// or an overload set). A kind that fn cannot take does not compile, so emitters cannot forget a
// node.
template <typename Fn>
decltype(auto) Dispatch(const ExprNode& node, Fn&& fn) {
  switch (node.kind) {
#define TUNEFARM_CASE(name) \
  case ExprKind::k##name:   \
    return fn(static_cast<const name&>(node));
    TUNEFARM_FOR_EACH_EXPR(TUNEFARM_CASE)
#undef TUNEFARM_CASE
  }
  __builtin_unreachable();
}

template <typename Fn>
decltype(auto) Dispatch(const StmtNode& node, Fn&& fn) {
  switch (node.kind) {
#define TUNEFARM_CASE(name) \
  case StmtKind::k##name:   \
    return fn(static_cast<const name&>(node));
    TUNEFARM_FOR_EACH_STMT(TUNEFARM_CASE)
#undef TUNEFARM_CASE
  }
  __builtin_unreachable();
}

// Replaces each variable by an expression (by identity).
Expr Substitute(const Expr& expr, const std::vector<std::pair<const ExprNode*, Expr>>& map);
Stmt Substitute(const Stmt& stmt, const std::vector<std::pair<const ExprNode*, Expr>>& map);

}  // namespace tunefarm::compiler

#endif  // TUNEFARM_COMPILER_IR_VISIT_H_
