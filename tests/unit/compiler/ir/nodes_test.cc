#include "compiler/ir/nodes.h"

#include <gtest/gtest.h>

#include "compiler/ir/print.h"

namespace tunefarm::compiler {
namespace {

constexpr Type kS32 = {DType::kS32, 1};

TEST(NodesTest, NeutralAndAbsorbingIndexOperandsFold) {
  const Expr x = MakeVar("x");
  EXPECT_TRUE((x + 0).same_as(x));
  EXPECT_TRUE((Expr(0) + x).same_as(x));
  EXPECT_TRUE((x - 0).same_as(x));
  EXPECT_TRUE((x * 1).same_as(x));
  EXPECT_TRUE((Expr(1) * x).same_as(x));
  EXPECT_TRUE(FloorDiv(x, 1).same_as(x));
  EXPECT_EQ(Print(x * 0), "0");
  EXPECT_EQ(Print(Expr(0) * x), "0");
  EXPECT_EQ(Print(FloorMod(x, 1)), "0");
}

TEST(NodesTest, IndexConstantsFoldWithFloorRounding) {
  EXPECT_EQ(Print(FloorDiv(-7, 2)), "-4");
  EXPECT_EQ(Print(FloorMod(-7, 2)), "1");
  EXPECT_EQ(Print(FloorDiv(7, 2)), "3");
  EXPECT_EQ(Print(Min(3, 5) + Max(3, 5)), "8");
  EXPECT_EQ(Print(Expr(3) < Expr(5)), "true");
  EXPECT_EQ(Print(Expr(5) <= Expr(3)), "false");
}

TEST(NodesTest, DivisionByZeroStaysAsWritten) { EXPECT_EQ(Print(FloorDiv(7, 0)), "7 / 0"); }

TEST(NodesTest, TrueAndFalseFoldInConditions) {
  const Expr x = MakeVar("x");
  const Expr condition = x < 5;
  const Expr always = Expr(0) < Expr(1);
  const Expr never = Expr(1) < Expr(0);
  EXPECT_TRUE((always && condition).same_as(condition));
  EXPECT_TRUE((condition && always).same_as(condition));
  EXPECT_EQ(Print(condition && never), "false");
  EXPECT_TRUE(MakeBinary(BinaryOp::kOr, condition, never).same_as(condition));
  EXPECT_EQ(Print(MakeBinary(BinaryOp::kOr, always, condition)), "true");
}

TEST(NodesTest, ValuesOfOtherTypesAreNotFolded) {
  EXPECT_EQ(Print(MakeFloat(1) * MakeFloat(0)), "1f * 0f");
  EXPECT_EQ(Print(MakeInt(2, kS32) + MakeInt(0, kS32)), "2:s32 + 0:s32");
}

TEST(NodesTest, AScalarBesideAVectorIsBroadcast) {
  const Buffer a = MakeBuffer("a", DType::kF32, {16});
  const Expr vector = MakeLoad(a, {MakeRamp(0, 1, 8)});
  const Expr scaled = vector * MakeFloat(2);
  EXPECT_EQ(scaled.type(), (Type{DType::kF32, 8}));
  EXPECT_EQ(Print(scaled), "a[ramp(0, 1, 8)] * broadcast(2f, 8)");
  const Expr chosen = MakeSelect(MakeVar("i") < 3, vector, MakeFloat(0));
  EXPECT_EQ(chosen.type().lanes, 8);
  EXPECT_EQ(MakeCall(Intrinsic::kSqrt, {vector}).type().lanes, 8);
}

TEST(NodesTest, LanesOfAnAccessAreThoseOfItsWidestIndex) {
  const Buffer a = MakeBuffer("a", DType::kS8, {4, 16});
  EXPECT_EQ(MakeLoad(a, {MakeVar("i"), MakeRamp(0, 1, 4)}).type(), (Type{DType::kS8, 4}));
  EXPECT_EQ(MakeLoad(a, {MakeVar("i"), MakeVar("j")}).type(), (Type{DType::kS8, 1}));
}

TEST(NodesTest, BlocksOfOneAndBlocksInBlocksAreFlat) {
  const Buffer a = MakeBuffer("a", DType::kF32, {4});
  const Stmt store = MakeStore(a, {0}, MakeFloat(1));
  EXPECT_TRUE(MakeBlock({store}).same_as(store));
  const Stmt nested = MakeBlock({MakeBlock({store, store}), store});
  ASSERT_NE(nested.as<Block>(), nullptr);
  EXPECT_EQ(nested.as<Block>()->stmts.size(), 3u);
}

TEST(NodesTest, ARampOrBroadcastOfOneLaneIsItsScalar) {
  const Expr x = MakeVar("x");
  EXPECT_TRUE(MakeRamp(x, 1, 1).same_as(x));
  EXPECT_TRUE(MakeBroadcast(x, 1).same_as(x));
  EXPECT_TRUE(MakeCast({DType::kIndex, 1}, x).same_as(x));
}

TEST(NodesDeathTest, OperandsOfDifferentTypeAreABrokenInvariant) {
  EXPECT_DEATH(MakeFloat(1) + MakeInt(1, kS32), "operands of \\+ differ in type: f32 and s32");
  const Buffer a = MakeBuffer("a", DType::kF32, {4, 4, 4});
  EXPECT_DEATH(MakeLoad(a, {0, 0}), "buffer a has 3 dimensions and is accessed with 2 indices");
}

}  // namespace
}  // namespace tunefarm::compiler
