#include "compiler/codegen/scratch_layout.h"

#include <gtest/gtest.h>

#include "tests/unit/compiler/codegen/run_kernel.h"

namespace tunefarm::compiler {
namespace {

TEST(ScratchLayoutTest, InnerAllocationsStandBehindOuterOnesAndSiblingsShare) {
  const Function function = Parse(
      "fn run(out: f32[1]) { alloc a: f32[10] scratch { alloc b: s8[65] scratch { b[0] = 1:s8 }"
      "  alloc c: f32[40] scratch { c[0] = 1f } } }");
  EXPECT_EQ(ScratchBytes(function), 64 + 192);
}

TEST(ScratchLayoutTest, RegistersTakeNoScratch) {
  EXPECT_EQ(ScratchBytes(Parse(
                "fn run(out: f32[1]) { alloc a: f32[10] register { a[0] = 1f out[0] = a[0] } }")),
            0);
}

TEST(ScratchLayoutTest, ABufferAllocatedTwiceHasBothPlaces) {
  const Buffer t = MakeBuffer("t", DType::kF32, {16}, Scope::kScratch);
  const Buffer u = MakeBuffer("u", DType::kF32, {16}, Scope::kScratch);
  const Stmt use = MakeAllocate(t, MakeStore(t, {Expr(0)}, MakeFloat(1)));
  const Function function = {"run", {}, MakeBlock({use, MakeAllocate(u, use)})};
  const ScratchRanges ranges = ScratchLayout(function);
  ASSERT_EQ(ranges.at(t.get()).size(), 2u);
  EXPECT_EQ(ranges.at(t.get())[0].begin, 0);
  EXPECT_EQ(ranges.at(t.get())[1].begin, 64);
  EXPECT_EQ(ranges.at(u.get())[0].end, 64);
}

TEST(ScratchLayoutTest, AKernelNeedsTheLargerOfItsEntries) {
  LoweredKernel kernel =
      KernelOf(Parse("fn run(out: f32[1]) { alloc a: f32[16] scratch { a[0] = 1f } }"));
  EXPECT_EQ(ScratchBytes(kernel), 64);
  kernel.prepare = Parse("fn prepare(out: f32[1]) { alloc a: f32[17] scratch { a[0] = 1f } }");
  EXPECT_EQ(ScratchBytes(kernel), 128);
}

}  // namespace
}  // namespace tunefarm::compiler
