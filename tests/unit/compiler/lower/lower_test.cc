// What steps do to the loop nest, as text: each golden file is one step or one interplay.
#include "compiler/lower/lower.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "compiler/ir/print.h"
#include "tests/support/golden.h"
#include "tests/support/status_matchers.h"

namespace tunefarm::compiler {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// The run entry after `pass`.
std::string LoweredText(const std::string& key, std::vector<Step> steps,
                        const std::string& pass = "simplify") {
  const Operator op = *BuildOperator(*ParseWorkload(key));
  std::string text;
  const auto kernel =
      Lower(op, Schedule{std::move(steps)}, [&](const std::string& at, const Function& function) {
        if (at == pass && function.name == "run") text = Print(function);
      });
  return kernel.ok() ? text : kernel.status().ToString();
}

TEST(LowerTest, UnscheduledOperatorIsItsOwnLoops) {
  EXPECT_GOLDEN(LoweredText("matmul/f32/4x8x3", {}), "lower/matmul_plain");
}

TEST(LowerTest, SplitThatDoesNotDivideGetsATailWithoutGuards) {
  const std::string text = LoweredText("matmul/f32/7x8x3", {Split("matmul", "m", 3)});
  EXPECT_GOLDEN(text, "lower/matmul_split_tail");
  EXPECT_THAT(text, Not(HasSubstr("if ")));
}

TEST(LowerTest, FactorAboveTheExtentLeavesOnlyTheTail) {
  const std::string text = LoweredText("matmul/f32/3x8x3", {Split("matmul", "m", 5)});
  EXPECT_THAT(text, HasSubstr("m_inner in 0..3"));
  EXPECT_THAT(text, Not(HasSubstr("m_outer")));
}

TEST(LowerTest, FusedLoopRecoversItsParts) {
  EXPECT_GOLDEN(LoweredText("relu/f32/nhwc/1x3x5x2", {Fuse("relu", "h", "w")}), "lower/relu_fuse");
}

TEST(LowerTest, RegisterTileKeepsItsAccumulatorsInside) {
  EXPECT_GOLDEN(LoweredText("matmul/f32/4x16x3",
                            {CacheWrite("matmul"), Split("matmul", "m", 2), Split("matmul", "n", 8),
                             Reorder("matmul", {"m_outer", "n_outer", "m_inner", "n_inner"}),
                             Vectorize("matmul", "n_inner"), Unroll("matmul", "m_inner"),
                             ComputeAt("matmul_acc", "matmul", "n_outer"),
                             Reorder("matmul_acc", {"k", "m", "n"}), Unroll("matmul_acc", "m"),
                             Vectorize("matmul_acc", "n")},
                            "unroll"),
                "lower/matmul_register_tile");
}

TEST(LowerTest, PeeledBordersLoseTheirConditions) {
  const std::string text =
      LoweredText("depthwise_conv2d/f32/nhwc/1x1x6x4/k1x3p0x1",
                  {Inline("pad"), Peel("out", "ow", 1, 1), Unroll("out", "kw")}, "unroll");
  // The operator without an epilogue has its reduction named after itself.
  EXPECT_THAT(text, HasSubstr("no such stage"));
  const std::string peeled = LoweredText(
      "depthwise_conv2d/f32/nhwc/1x1x6x4/k1x3p0x1",
      {Inline("pad"), Peel("depthwise_conv2d", "ow", 1, 1), Unroll("depthwise_conv2d", "kw")},
      "unroll");
  EXPECT_GOLDEN(peeled, "lower/depthwise_peel");
  EXPECT_THAT(peeled, Not(HasSubstr("if ")));
}

TEST(LowerTest, StageComputedInsideAnotherHoldsOnlyItsRegion) {
  EXPECT_GOLDEN(LoweredText("conv2d/f32/nhwc/1x8x6x4/o8k3x3p1x1/bias",
                            {Split("out", "oh", 2), ComputeAt("conv2d", "out", "oh_outer"),
                             ComputeAt("pad", "out", "oh_outer")}),
                "lower/conv2d_compute_at");
}

TEST(LowerTest, PackedWeightsAreWrittenByPrepare) {
  const Operator op = *BuildOperator(*ParseWorkload("matmul/f32/2x5x3"));
  const auto kernel = Lower(op, Schedule{{Pack("matmul", "b", {1, 0}, {{1, 4}})}});
  ASSERT_THAT(kernel, testing::IsOk());
  ASSERT_TRUE(kernel->prepare.has_value());
  EXPECT_EQ(kernel->buffers[2].role, BufferRole::kPacked);
  EXPECT_GOLDEN(Print(*kernel->prepare) + Print(kernel->run), "lower/matmul_pack");
}

// A pair of terms is one dot product over all lanes: the input pair repeated, the weights' pairs
// side by side.
TEST(LowerTest, TensorizedPairsBecomeOneDotProduct) {
  EXPECT_GOLDEN(LoweredText("dense/s8/1x6/o4/requant",
                            {CacheWrite("dense"), Inline("dense"),
                             Pack("dense_acc", "w", {1, 0}, {{1, 4}, {0, 2}}),
                             ComputeAt("dense_acc", "out", "m"), Split("dense_acc", "k", 2),
                             Reorder("dense_acc", {"m", "k_outer", "k_inner", "oc"}),
                             Tensorize("dense_acc", "k_inner"), Vectorize("dense_acc", "oc")},
                            "unroll"),
                "lower/dense_tensorize");
}

TEST(LowerTest, RegionUnderAPaddingConditionIsRefused) {
  EXPECT_THAT(LoweredText("conv2d/f32/nhwc/1x8x6x4/o8k3x3p1x1/bias",
                          {Inline("pad"), CacheRead("conv2d", "in"),
                           ComputeAt("in_cache", "conv2d", "oh")}),
              HasSubstr("under a padding condition"));
}

TEST(LowerTest, RegisterBufferWithARunningIndexMovesToMemory) {
  const std::string text = LoweredText(
      "matmul/f32/4x16x3", {CacheWrite("matmul"), ComputeAt("matmul_acc", "matmul", "m")},
      "demote_registers");
  EXPECT_THAT(text, HasSubstr("alloc matmul_acc: f32[1,16] scratch"));
}

}  // namespace
}  // namespace tunefarm::compiler
