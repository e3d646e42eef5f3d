#include "compiler/lower/passes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "compiler/ir/print.h"
#include "compiler/ir/simplify.h"

namespace tunefarm::compiler {
namespace {

using ::testing::HasSubstr;

// for i in 0..4: vectorized lane in 0..8: y[index(i, lane)] = x[lane * stride]
Stmt VectorLoop(const Expr& i, const Expr& lane, Expr store_index, Expr load_index) {
  const Buffer x = MakeBuffer("x", DType::kF32, {64}), y = MakeBuffer("y", DType::kF32, {64});
  const Stmt store = MakeStore(y, {std::move(store_index)}, MakeLoad(x, {std::move(load_index)}));
  return MakeFor(i, Expr(0), Expr(4), LoopKind::kSerial,
                 MakeFor(lane, Expr(0), Expr(8), LoopKind::kVectorized, store));
}

TEST(VectorizeLoopsTest, AffineAccessesBecomeRamps) {
  const Expr i = MakeVar("i"), lane = MakeVar("lane");
  const std::string text =
      Print(VectorizeLoops(VectorLoop(i, lane, i * Expr(8) + lane, lane * Expr(2))));
  EXPECT_THAT(text, HasSubstr("y[ramp(i * 8, 1, 8)] = x[ramp(0, 2, 8)]"));
}

TEST(VectorizeLoopsTest, InvariantLoadsAreBroadcast) {
  const Expr i = MakeVar("i"), lane = MakeVar("lane");
  const std::string text = Print(VectorizeLoops(VectorLoop(i, lane, i * Expr(8) + lane, i)));
  EXPECT_THAT(text, HasSubstr("broadcast(x[i], 8)"));
}

TEST(VectorizeLoopsTest, WhatHasNoVectorFormIsUnrolled) {
  const Expr i = MakeVar("i"), lane = MakeVar("lane");
  for (const Expr& index : {FloorDiv(lane, Expr(3)), FloorMod(lane + i, Expr(5))}) {
    EXPECT_THAT(Print(VectorizeLoops(VectorLoop(i, lane, i * Expr(8) + lane, index))),
                HasSubstr("unrolled lane"));
  }
  // All lanes store to one place: only in order is that defined.
  EXPECT_THAT(Print(VectorizeLoops(VectorLoop(i, lane, i, lane))), HasSubstr("unrolled lane"));
}

TEST(FlattenAccessesTest, IndicesAreRowMajor) {
  const Buffer x = MakeBuffer("x", DType::kF32, {2, 3, 5});
  const Expr i = MakeVar("i"), j = MakeVar("j"), k = MakeVar("k");
  const Stmt store = MakeStore(x, {i, j, k}, MakeFloat(1));
  EXPECT_THAT(Print(Simplify(FlattenAccesses(store))), HasSubstr("x[i * 15 + j * 5 + k] = 1f"));
}

}  // namespace
}  // namespace tunefarm::compiler
