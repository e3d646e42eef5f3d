#include "compiler/ir/print.h"

#include <gtest/gtest.h>

#include <limits>

namespace tunefarm::compiler {
namespace {

TEST(PrintTest, ParenthesesStandOnlyWhereTheyAreNeeded) {
  const Expr x = MakeVar("x");
  const Expr y = MakeVar("y");
  EXPECT_EQ(Print((x + y) * 2 + x), "(x + y) * 2 + x");
  EXPECT_EQ(Print(x - (y - 2)), "x - (y - 2)");
  EXPECT_EQ(Print((x - y) - 2), "x - y - 2");
  EXPECT_EQ(Print(FloorMod(FloorDiv(x, 3), 5)), "x / 3 % 5");
  EXPECT_EQ(Print(FloorDiv(x, y * 3)), "x / (y * 3)");
  EXPECT_EQ(Print(x < y + 1 && y <= 4), "x < y + 1 && y <= 4");
  EXPECT_EQ(Print(MakeBinary(BinaryOp::kOr, x < y, y < x) && x < 4), "(x < y || y < x) && x < 4");
}

TEST(PrintTest, ConstantsShowTheirType) {
  EXPECT_EQ(Print(Expr(-5)), "-5");
  EXPECT_EQ(Print(MakeInt(-5, {DType::kS8, 1})), "-5:s8");
  EXPECT_EQ(Print(MakeInt(1, {DType::kBool, 1})), "true");
  EXPECT_EQ(Print(MakeFloat(0.1f)), "0.1f");
  EXPECT_EQ(Print(MakeFloat(-1e30f)), "-1e+30f");
  EXPECT_EQ(Print(MakeFloat(-std::numeric_limits<float>::infinity())), "-inff");
}

TEST(PrintTest, ThingsOfOneNameAreToldApartWhileBothExist) {
  const Buffer a = MakeBuffer("a", DType::kF32, {8});
  const Expr i = MakeVar("i");
  const Expr inner = MakeVar("i");
  const Expr later = MakeVar("i");
  const Stmt nest = MakeFor(
      i, 0, 2, LoopKind::kSerial,
      MakeFor(inner, i * 2, 4, LoopKind::kParallel, MakeStore(a, {i + inner}, MakeFloat(0))));
  const Stmt second = MakeFor(later, 0, 8, LoopKind::kSerial, MakeStore(a, {later}, MakeFloat(1)));
  EXPECT_EQ(Print(MakeBlock({nest, second})),
            "for i in 0..2 {\n"
            "  parallel i.1 in i * 2..+4 {\n"
            "    a[i + i.1] = 0f\n"
            "  }\n"
            "}\n"
            "for i in 0..8 {\n"
            "  a[i] = 1f\n"
            "}\n");
}

TEST(PrintTest, NamesThatAreNoWordsAreMadeOnes) {
  EXPECT_EQ(Print(MakeVar("a b")), "a_b");
  EXPECT_EQ(Print(MakeVar("3d")), "_3d");
  EXPECT_EQ(Print(MakeVar("for")), "for.1");
  EXPECT_EQ(Print(MakeVar("")), "_");
  EXPECT_EQ(Print(MakeVar("x..y.")), "x_.y_");
}

TEST(PrintTest, AFunctionShowsParametersAllocationsAndConditions) {
  const Buffer in = MakeBuffer("in", DType::kS8, {4, 2});
  const Buffer acc = MakeBuffer("acc", DType::kS32, {}, Scope::kRegister);
  const Expr i = MakeVar("i");
  const Stmt store = MakeStore(acc, {}, MakeCast({DType::kS32, 1}, MakeLoad(in, {i, 1})));
  const Stmt body = MakeAllocate(acc, MakeFor(i, 0, 4, LoopKind::kUnrolled, MakeIf(i < 3, store)));
  EXPECT_EQ(Print(Function{"run", {in}, body}),
            "fn run(in: s8[4,2]) {\n"
            "  alloc acc: s32[] register {\n"
            "    unrolled i in 0..4 {\n"
            "      if i < 3 {\n"
            "        acc[] = s32(in[i, 1])\n"
            "      }\n"
            "    }\n"
            "  }\n"
            "}\n");
}

}  // namespace
}  // namespace tunefarm::compiler
