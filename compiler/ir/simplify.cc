#include "compiler/ir/simplify.h"

#include "compiler/ir/linear.h"
#include "compiler/ir/visit.h"

namespace tunefarm::compiler {
namespace {

bool IsIndexArithmetic(const Binary& node) {
  if (node.type.dtype != DType::kIndex || node.type.lanes != 1) return false;
  switch (node.op) {
    case BinaryOp::kAdd:
    case BinaryOp::kSub:
    case BinaryOp::kMul:
    case BinaryOp::kFloorDiv:
    case BinaryOp::kFloorMod:
    case BinaryOp::kMin:
    case BinaryOp::kMax:
      return true;
    default:
      return false;
  }
}

// Variables, constants and operators only: what a linear form sees through.
bool IsPureArithmetic(const Expr& expr) {
  if (expr.as<Var>() != nullptr || expr.as<IntImm>() != nullptr) return true;
  const Binary* node = expr.as<Binary>();
  return node != nullptr && IsPureArithmetic(node->a) && IsPureArithmetic(node->b);
}

Expr Bool(bool value) { return MakeInt(value ? 1 : 0, {DType::kBool, 1}); }

class Simplifier final : public Mutator {
 public:
  explicit Simplifier(bool unroll) : unroll_(unroll) {}

 protected:
  using Mutator::Mutate;

  Expr Mutate(const Var& node, const Expr& self) override {
    const Interval interval = ranges_.Of(&node);
    return interval.is_point() ? Expr(interval.low) : self;
  }

  Expr Mutate(const Binary& node, const Expr& self) override {
    if (IsIndexArithmetic(node)) {
      // A linear form keeps loads, selects and casts as it finds them: they are simplified first.
      const Expr operands = IsPureArithmetic(self) ? self : Mutator::Mutate(node, self);
      const Expr simple = FromLinear(ToLinear(operands, ranges_));
      return StructurallyEqual(simple, self) ? self : simple;
    }
    if (node.type.dtype == DType::kIndex && node.type.lanes > 1)
      return MutateVectorIndex(node, self);
    if (node.type.dtype == DType::kBool && node.type.lanes == 1) return MutateCondition(node, self);
    return Mutator::Mutate(node, self);
  }

  Expr Mutate(const Select& node, const Expr& self) override {
    const Expr condition = MutateExpr(node.condition);
    int64_t known = 0;
    if (IsConst(condition, &known)) return MutateExpr(known != 0 ? node.if_true : node.if_false);
    const Expr if_true = MutateExpr(node.if_true), if_false = MutateExpr(node.if_false);
    if (condition.same_as(node.condition) && if_true.same_as(node.if_true) &&
        if_false.same_as(node.if_false)) {
      return self;
    }
    return MakeSelect(condition, if_true, if_false);
  }

  Stmt Mutate(const IfThen& node, const Stmt& self) override {
    const Expr condition = MutateExpr(node.condition);
    int64_t known = 0;
    if (IsConst(condition, &known)) return known != 0 ? MutateStmt(node.then_body) : MakeBlock({});
    const Stmt body = MutateStmt(node.then_body);
    if (IsEmpty(body)) return body;
    if (condition.same_as(node.condition) && body.same_as(node.then_body)) return self;
    return MakeIf(condition, body);
  }

  Stmt Mutate(const For& node, const Stmt& self) override {
    const Expr min = MutateExpr(node.min), extent = MutateExpr(node.extent);
    int64_t low = 0, count = 0;
    const bool constant = IsConst(min, &low) && IsConst(extent, &count);
    if (constant && count <= 0) return MakeBlock({});
    const bool single = count == 1 && node.loop_kind != LoopKind::kTile;
    if (constant && (single || (unroll_ && node.loop_kind == LoopKind::kUnrolled))) {
      std::vector<Stmt> copies;
      for (int64_t i = low; i < low + count; ++i) {
        copies.push_back(MutateWithRange(node, {i, i}));
      }
      return Concatenate(copies);
    }
    const Interval range = constant ? Interval{low, low + count - 1} : Interval{};
    const Stmt body = MutateWithRange(node, range);
    if (IsEmpty(body)) return body;
    if (body.same_as(node.body) && min.same_as(node.min) && extent.same_as(node.extent))
      return self;
    return MakeFor(node.var, min, extent, node.loop_kind, body);
  }

  Stmt Mutate(const Block& node, const Stmt& self) override {
    std::vector<Stmt> stmts;
    bool changed = false;
    for (const Stmt& stmt : node.stmts) {
      stmts.push_back(MutateStmt(stmt));
      changed |= !stmts.back().same_as(stmt) || stmts.back().as<Block>() != nullptr;
    }
    return changed ? Concatenate(stmts) : self;
  }

 private:
  static bool IsEmpty(const Stmt& stmt) {
    const Block* block = stmt.as<Block>();
    return block != nullptr && block->stmts.empty();
  }

  // One block without blocks in it.
  static Stmt Concatenate(const std::vector<Stmt>& stmts) {
    std::vector<Stmt> flat;
    for (const Stmt& stmt : stmts) {
      if (const Block* block = stmt.as<Block>()) {
        flat.insert(flat.end(), block->stmts.begin(), block->stmts.end());
      } else {
        flat.push_back(stmt);
      }
    }
    return MakeBlock(std::move(flat));
  }

  Stmt MutateWithRange(const For& node, Interval range) {
    ranges_.Set(node.var.get(), range);
    const Stmt body = MutateStmt(node.body);
    ranges_.Erase(node.var.get());
    return body;
  }

  Expr MutateVectorIndex(const Binary& node, const Expr& self) {
    Linear base;
    int64_t stride = 0;
    if (!ToRamp(self, ranges_, &base, &stride)) return Mutator::Mutate(node, self);
    const Expr start = FromLinear(base);
    const int lanes = node.type.lanes;
    return stride == 0 ? MakeBroadcast(start, lanes) : MakeRamp(start, stride, lanes);
  }

  Expr MutateCondition(const Binary& node, const Expr& self) {
    if (node.op == BinaryOp::kAnd || node.op == BinaryOp::kOr) {
      const Expr a = MutateExpr(node.a), b = MutateExpr(node.b);
      const bool is_and = node.op == BinaryOp::kAnd;
      int64_t known = 0;
      if (IsConst(a, &known)) return (known != 0) == is_and ? b : Bool(!is_and);
      if (IsConst(b, &known)) return (known != 0) == is_and ? a : Bool(!is_and);
      return a.same_as(node.a) && b.same_as(node.b) ? self : MakeBinary(node.op, a, b);
    }
    if (!(node.a.type() == Type{})) return Mutator::Mutate(node, self);
    const bool pure_a = IsPureArithmetic(node.a), pure_b = IsPureArithmetic(node.b);
    const Expr a = pure_a ? node.a : MutateExpr(node.a);
    const Expr b = pure_b ? node.b : MutateExpr(node.b);
    Linear difference = ToLinear(a, ranges_);
    difference.Add(ToLinear(b, ranges_), -1);
    const Interval bounds = Bounds(difference, ranges_);
    switch (node.op) {
      case BinaryOp::kLt:
        if (bounds.high < 0) return Bool(true);
        if (bounds.low >= 0) return Bool(false);
        break;
      case BinaryOp::kLe:
        if (bounds.high <= 0) return Bool(true);
        if (bounds.low > 0) return Bool(false);
        break;
      default:  // kEq
        if (bounds.low > 0 || bounds.high < 0) return Bool(false);
        if (bounds.is_point()) return Bool(true);
        break;
    }
    const Expr simple_a = pure_a ? MutateExpr(a) : a, simple_b = pure_b ? MutateExpr(b) : b;
    if (simple_a.same_as(node.a) && simple_b.same_as(node.b)) return self;
    return MakeBinary(node.op, simple_a, simple_b);
  }

  const bool unroll_;
  Ranges ranges_;
};

}  // namespace

Stmt Simplify(const Stmt& stmt) { return Simplifier(false).MutateStmt(stmt); }

Stmt UnrollAndSimplify(const Stmt& stmt) { return Simplifier(true).MutateStmt(stmt); }

}  // namespace tunefarm::compiler
