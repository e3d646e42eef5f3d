#include "compiler/ir/linear.h"
#include "compiler/ir/visit.h"
#include "compiler/lower/passes.h"

namespace tunefarm::compiler {
namespace {

// Whether an expression uses a variable.
class VarUse final : public Visitor {
 public:
  explicit VarUse(const Expr& var) : var_(var) {}
  bool found = false;

 protected:
  using Visitor::Visit;
  void Visit(const Var& node) override { found |= &node == var_.get(); }

 private:
  const Expr& var_;
};

// Rewrites the body of one vectorised loop with its variable spread over the lanes. `failed` tells
// that something in it has no vector form.
class LaneSpreader final : public Mutator {
 public:
  LaneSpreader(const Expr& var, int lanes) : var_(var), lanes_(lanes) {}
  bool failed = false;

 protected:
  using Mutator::Mutate;

  // Reached only outside subscripts: the lane number itself is needed as a value.
  Expr Mutate(const Var& node, const Expr& self) override {
    failed |= &node == var_.get();
    return self;
  }

  Expr Mutate(const Load& node, const Expr&) override {
    const Expr& index = node.indices[0];
    return MakeLoad(node.buffer,
                    {index.type().lanes == 1 ? SpreadIndex(index) : SpreadPairIndex(index)});
  }

  // Vectors of two are the pairs of a dot product; spread, they hold the pairs of all lanes in
  // turn.
  Expr Mutate(const Broadcast& node, const Expr&) override {
    const Expr value = MutateExpr(node.value);
    if (node.type.lanes != 2 || value.type().lanes != 1) failed = true;
    return failed ? value : MakeBroadcast(value, 2 * lanes_);
  }

  Stmt Mutate(const Store& node, const Stmt&) override {
    const Expr index = SpreadIndex(node.indices[0]);
    Expr value = MutateExpr(node.value);
    // A store to one place by every lane has no vector form; nor have statements with conditions
    // per lane.
    if (index.type().lanes != lanes_) failed = true;
    if (value.type().lanes == 1) value = MakeBroadcast(value, lanes_);
    return failed ? Stmt(std::make_shared<Block>(std::vector<Stmt>{}))
                  : MakeStore(node.buffer, {index}, value);
  }

  Expr Mutate(const Select& node, const Expr& self) override {
    const Expr condition = MutateExpr(node.condition);
    Expr if_true = MutateExpr(node.if_true), if_false = MutateExpr(node.if_false);
    if (condition.type().lanes != 1) failed = true;
    if (failed) return self;
    const int lanes = std::max(if_true.type().lanes, if_false.type().lanes);
    if (if_true.type().lanes != lanes) if_true = MakeBroadcast(if_true, lanes);
    if (if_false.type().lanes != lanes) if_false = MakeBroadcast(if_false, lanes);
    return MakeSelect(condition, if_true, if_false);
  }

  Expr Mutate(const Cast& node, const Expr& self) override {
    const Expr value = MutateExpr(node.value);
    return failed ? self : MakeCast(node.type.WithLanes(value.type().lanes), value);
  }

  Expr Mutate(const Binary& node, const Expr& self) override {
    if (node.type.dtype == DType::kIndex) return SpreadIndex(self);
    const Expr a = MutateExpr(node.a), b = MutateExpr(node.b);
    return failed ? self : MakeBinary(node.op, a, b);
  }

  Expr Mutate(const Call& node, const Expr& self) override {
    if (node.intrinsic == Intrinsic::kDotS8x2) return MutateDot(node, self);
    if (node.intrinsic == Intrinsic::kWidenEven || node.intrinsic == Intrinsic::kWidenOdd) {
      failed = true;
      return self;
    }
    std::vector<Expr> args;
    int lanes = 1;
    for (const Expr& arg : node.args) {
      args.push_back(MutateExpr(arg));
      lanes = std::max(lanes, args.back().type().lanes);
    }
    for (Expr& arg : args) {
      if (arg.type().lanes != lanes) arg = MakeBroadcast(arg, lanes);
    }
    return failed ? self : MakeCall(node.intrinsic, std::move(args));
  }

  Stmt Mutate(const For&, const Stmt& self) override {
    failed = true;
    return self;
  }
  Stmt Mutate(const IfThen&, const Stmt& self) override {
    failed = true;
    return self;
  }

 private:
  Expr MutateDot(const Call& node, const Expr& self) {
    std::vector<Expr> args;
    for (const Expr& arg : node.args) args.push_back(MutateExpr(arg));
    if (args[0].type().lanes == 1) args[0] = MakeBroadcast(args[0], lanes_);
    failed |= args[1].type().lanes != 2 * lanes_ || args[2].type().lanes != 2 * lanes_;
    return failed ? self : MakeCall(node.intrinsic, std::move(args));
  }

  // Element q of a pair at lane l lies at base + q*stride + l*step. Two forms have vector accesses:
  // all pairs one after the other (step = 2 * stride), and the same pair in every lane (step = 0).
  Expr SpreadPairIndex(const Expr& index) {
    Linear base;
    int64_t stride = 0;
    if (index.type().lanes != 2 || !ToRamp(index, Ranges(), &base, &stride)) {
      failed = true;
      return index;
    }
    const int64_t step = base.CoefficientOf(var_.get());
    base.Add({{{var_, 1}}, 0}, -step);
    const Expr start = FromLinear(base);
    VarUse use(var_);
    use.VisitExpr(start);
    failed |= use.found || (step != 0 && step != 2 * stride);
    if (failed) return index;
    const int lanes = 2 * lanes_;
    if (step != 0) return MakeRamp(start, stride, lanes);
    const Expr which = FloorMod(MakeRamp(Expr(0), 1, lanes), MakeBroadcast(Expr(2), lanes));
    return MakeBroadcast(start, lanes) + which * MakeBroadcast(Expr(stride), lanes);
  }

  Expr SpreadIndex(const Expr& index) {
    const Linear linear = ToLinear(index, Ranges());
    const int64_t stride = linear.CoefficientOf(var_.get());
    Linear base = linear;
    base.Add({{{var_, 1}}, 0}, -stride);
    const Expr rest = FromLinear(base);
    VarUse use(var_);  // Left only inside a division or the like, which no Ramp expresses.
    use.VisitExpr(rest);
    failed |= use.found;
    if (failed || stride == 0) return rest;
    return MakeRamp(rest, stride, lanes_);
  }

  const Expr& var_;
  const int lanes_;
};

class Vectorizer final : public Mutator {
 protected:
  using Mutator::Mutate;

  Stmt Mutate(const For& node, const Stmt& self) override {
    if (node.loop_kind != LoopKind::kVectorized) return Mutator::Mutate(node, self);
    int64_t min = 0, extent = 0;
    if (IsConst(node.min, &min) && IsConst(node.extent, &extent) && min == 0 && extent > 1) {
      LaneSpreader spreader(node.var, static_cast<int>(extent));
      const Stmt body = spreader.MutateStmt(node.body);
      if (!spreader.failed) return body;
    }
    return MakeFor(node.var, node.min, node.extent, LoopKind::kUnrolled, node.body);
  }
};

}  // namespace

Stmt VectorizeLoops(const Stmt& stmt) { return Vectorizer().MutateStmt(stmt); }

}  // namespace tunefarm::compiler
