#include "compiler/ir/visit.h"

namespace tunefarm::compiler {

// ---- Visitor ------------------------------------------------------------------------------------

void Visitor::VisitExpr(const Expr& expr) {
  Dispatch(*expr.get(), [this](const auto& node) { Visit(node); });
}

void Visitor::VisitStmt(const Stmt& stmt) {
  Dispatch(*stmt.get(), [this](const auto& node) { Visit(node); });
}

void Visitor::Visit(const IntImm&) {}
void Visitor::Visit(const FloatImm&) {}
void Visitor::Visit(const Var&) {}
void Visitor::Visit(const Cast& node) { VisitExpr(node.value); }

void Visitor::Visit(const Binary& node) {
  VisitExpr(node.a);
  VisitExpr(node.b);
}

void Visitor::Visit(const Select& node) {
  VisitExpr(node.condition);
  VisitExpr(node.if_true);
  VisitExpr(node.if_false);
}

void Visitor::Visit(const Load& node) {
  for (const Expr& index : node.indices) VisitExpr(index);
}

void Visitor::Visit(const Ramp& node) { VisitExpr(node.base); }
void Visitor::Visit(const Broadcast& node) { VisitExpr(node.value); }

void Visitor::Visit(const Call& node) {
  for (const Expr& arg : node.args) VisitExpr(arg);
}

void Visitor::Visit(const For& node) {
  VisitExpr(node.min);
  VisitExpr(node.extent);
  VisitStmt(node.body);
}

void Visitor::Visit(const IfThen& node) {
  VisitExpr(node.condition);
  VisitStmt(node.then_body);
}

void Visitor::Visit(const Store& node) {
  for (const Expr& index : node.indices) VisitExpr(index);
  VisitExpr(node.value);
}

void Visitor::Visit(const Allocate& node) { VisitStmt(node.body); }

void Visitor::Visit(const Block& node) {
  for (const Stmt& stmt : node.stmts) VisitStmt(stmt);
}

// ---- Mutator ------------------------------------------------------------------------------------

Expr Mutator::MutateExpr(const Expr& expr) {
  return Dispatch(*expr.get(), [&](const auto& node) { return Mutate(node, expr); });
}

Stmt Mutator::MutateStmt(const Stmt& stmt) {
  return Dispatch(*stmt.get(), [&](const auto& node) { return Mutate(node, stmt); });
}

std::vector<Expr> Mutator::MutateAll(const std::vector<Expr>& exprs, bool* changed) {
  std::vector<Expr> result;
  result.reserve(exprs.size());
  for (const Expr& expr : exprs) {
    result.push_back(MutateExpr(expr));
    if (!result.back().same_as(expr)) *changed = true;
  }
  return result;
}

Expr Mutator::Mutate(const IntImm&, const Expr& self) { return self; }
Expr Mutator::Mutate(const FloatImm&, const Expr& self) { return self; }
Expr Mutator::Mutate(const Var&, const Expr& self) { return self; }

Expr Mutator::Mutate(const Cast& node, const Expr& self) {
  Expr value = MutateExpr(node.value);
  if (value.same_as(node.value)) return self;
  const Type type = node.type.WithLanes(value.type().lanes);
  return MakeCast(type, std::move(value));
}

Expr Mutator::Mutate(const Binary& node, const Expr& self) {
  Expr a = MutateExpr(node.a);
  Expr b = MutateExpr(node.b);
  if (a.same_as(node.a) && b.same_as(node.b)) return self;
  return MakeBinary(node.op, std::move(a), std::move(b));
}

Expr Mutator::Mutate(const Select& node, const Expr& self) {
  Expr condition = MutateExpr(node.condition);
  Expr if_true = MutateExpr(node.if_true);
  Expr if_false = MutateExpr(node.if_false);
  if (condition.same_as(node.condition) && if_true.same_as(node.if_true) &&
      if_false.same_as(node.if_false)) {
    return self;
  }
  return MakeSelect(std::move(condition), std::move(if_true), std::move(if_false));
}

Expr Mutator::Mutate(const Load& node, const Expr& self) {
  bool changed = false;
  std::vector<Expr> indices = MutateAll(node.indices, &changed);
  return changed ? MakeLoad(node.buffer, std::move(indices)) : self;
}

Expr Mutator::Mutate(const Ramp& node, const Expr& self) {
  Expr base = MutateExpr(node.base);
  if (base.same_as(node.base)) return self;
  return MakeRamp(std::move(base), node.stride, node.type.lanes);
}

Expr Mutator::Mutate(const Broadcast& node, const Expr& self) {
  Expr value = MutateExpr(node.value);
  if (value.same_as(node.value)) return self;
  return MakeBroadcast(std::move(value), node.type.lanes);
}

Expr Mutator::Mutate(const Call& node, const Expr& self) {
  bool changed = false;
  std::vector<Expr> args = MutateAll(node.args, &changed);
  return changed ? MakeCall(node.intrinsic, std::move(args)) : self;
}

Stmt Mutator::Mutate(const For& node, const Stmt& self) {
  Expr min = MutateExpr(node.min);
  Expr extent = MutateExpr(node.extent);
  Stmt body = MutateStmt(node.body);
  if (min.same_as(node.min) && extent.same_as(node.extent) && body.same_as(node.body)) return self;
  return MakeFor(node.var, std::move(min), std::move(extent), node.loop_kind, std::move(body));
}

Stmt Mutator::Mutate(const IfThen& node, const Stmt& self) {
  Expr condition = MutateExpr(node.condition);
  Stmt then_body = MutateStmt(node.then_body);
  if (condition.same_as(node.condition) && then_body.same_as(node.then_body)) return self;
  return MakeIf(std::move(condition), std::move(then_body));
}

Stmt Mutator::Mutate(const Store& node, const Stmt& self) {
  bool changed = false;
  std::vector<Expr> indices = MutateAll(node.indices, &changed);
  Expr value = MutateExpr(node.value);
  if (!changed && value.same_as(node.value)) return self;
  return MakeStore(node.buffer, std::move(indices), std::move(value));
}

Stmt Mutator::Mutate(const Allocate& node, const Stmt& self) {
  Stmt body = MutateStmt(node.body);
  return body.same_as(node.body) ? self : MakeAllocate(node.buffer, std::move(body));
}

Stmt Mutator::Mutate(const Block& node, const Stmt& self) {
  std::vector<Stmt> stmts;
  stmts.reserve(node.stmts.size());
  bool changed = false;
  for (const Stmt& stmt : node.stmts) {
    stmts.push_back(MutateStmt(stmt));
    if (!stmts.back().same_as(stmt)) changed = true;
  }
  return changed ? MakeBlock(std::move(stmts)) : self;
}

// ---- Substitute ---------------------------------------------------------------------------------

namespace {

class Substitution final : public Mutator {
 public:
  explicit Substitution(const std::vector<std::pair<const ExprNode*, Expr>>& map) : map_(map) {}

 protected:
  using Mutator::Mutate;
  Expr Mutate(const Var& node, const Expr& self) override {
    for (const auto& [var, replacement] : map_) {
      if (var == &node) return replacement;
    }
    return self;
  }

 private:
  const std::vector<std::pair<const ExprNode*, Expr>>& map_;
};

}  // namespace

Expr Substitute(const Expr& expr, const std::vector<std::pair<const ExprNode*, Expr>>& map) {
  return Substitution(map).MutateExpr(expr);
}

Stmt Substitute(const Stmt& stmt, const std::vector<std::pair<const ExprNode*, Expr>>& map) {
  return Substitution(map).MutateStmt(stmt);
}

}  // namespace tunefarm::compiler
