#include "compiler/ir/visit.h"

#include <gtest/gtest.h>

#include "compiler/ir/print.h"

namespace tunefarm::compiler {
namespace {

// for i in 0..4: if i < n: a[i] = a[i] + 1
Stmt Example(const Buffer& a, const Expr& i, const Expr& n) {
  const Stmt store = MakeStore(a, {i}, MakeLoad(a, {i}) + MakeFloat(1));
  return MakeFor(i, 0, 4, LoopKind::kSerial, MakeIf(i < n, store));
}

class VarCounter final : public Visitor {
 public:
  int count = 0;

 protected:
  using Visitor::Visit;
  void Visit(const Var&) override { ++count; }
};

TEST(VisitTest, AVisitorMeetsUsesOfAVariableAndNotItsBinding) {
  const Buffer a = MakeBuffer("a", DType::kF32, {4});
  VarCounter counter;
  counter.VisitStmt(Example(a, MakeVar("i"), MakeVar("n")));
  EXPECT_EQ(counter.count, 4);
}

TEST(VisitTest, AMutatorThatChangesNothingReturnsTheSameTree) {
  const Buffer a = MakeBuffer("a", DType::kF32, {4});
  const Stmt stmt = Example(a, MakeVar("i"), MakeVar("n"));
  EXPECT_TRUE(Mutator().MutateStmt(stmt).same_as(stmt));
  EXPECT_TRUE(Substitute(stmt, {{MakeVar("n").get(), 3}}).same_as(stmt));
}

TEST(VisitTest, UnchangedSiblingsKeepTheirIdentity) {
  const Buffer a = MakeBuffer("a", DType::kF32, {4});
  const Expr n = MakeVar("n");
  const Stmt untouched = MakeStore(a, {0}, MakeFloat(1));
  const Stmt block = MakeBlock({untouched, MakeStore(a, {n}, MakeFloat(2))});
  const Stmt changed = Substitute(block, {{n.get(), 3}});
  ASSERT_NE(changed.as<Block>(), nullptr);
  EXPECT_TRUE(changed.as<Block>()->stmts[0].same_as(untouched));
  EXPECT_EQ(Print(changed), "a[0] = 1f\na[3] = 2f\n");
}

TEST(VisitTest, SubstituteGoesByIdentityNotByName) {
  const Expr x = MakeVar("x");
  const Expr other = MakeVar("x");
  EXPECT_EQ(Print(Substitute(x * 10 + other, {{x.get(), 7}})), "70 + x");
}

TEST(VisitTest, SubstituteReachesEveryKindOfExpression) {
  const Buffer a = MakeBuffer("a", DType::kS32, {64});
  const Expr x = MakeVar("x");
  const Expr load = MakeLoad(a, {MakeRamp(x, 2, 4)});
  const Expr index = MakeCast({DType::kS32, 4}, MakeBroadcast(x, 4));
  const Expr call = MakeCall(Intrinsic::kRequantize, {load, index, load});
  const Expr select = MakeSelect(x < 3, call, Max(load, index));
  const std::string text = Print(Substitute(select, {{x.get(), MakeVar("y")}}));
  EXPECT_EQ(text.find('x' + std::string(" ")), std::string::npos) << text;
  EXPECT_EQ(text,
            "select(y < 3, requantize(a[ramp(y, 2, 4)], s32x4(broadcast(y, 4)), a[ramp(y, 2, 4)]), "
            "max(a[ramp(y, 2, 4)], s32x4(broadcast(y, 4))))");
}

TEST(VisitTest, AVectorMayTakeTheSubscriptOfAScalar) {
  const Buffer a = MakeBuffer("a", DType::kF32, {64});
  const Expr x = MakeVar("x");
  const Stmt store = MakeStore(a, {x}, MakeLoad(a, {x}) + MakeFloat(1));
  EXPECT_EQ(Print(Substitute(store, {{x.get(), MakeRamp(0, 1, 8)}})),
            "a[ramp(0, 1, 8)] = a[ramp(0, 1, 8)] + broadcast(1f, 8)\n");
}

}  // namespace
}  // namespace tunefarm::compiler
