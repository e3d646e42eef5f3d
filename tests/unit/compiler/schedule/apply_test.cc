// Every refusal of every step, and what the steps leave behind.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "compiler/schedule/scheduled_operator.h"
#include "tests/support/status_matchers.h"

namespace tunefarm::compiler {
namespace {

using ::testing::HasSubstr;
using testing::StatusIs;

constexpr auto kNotLegal = absl::StatusCode::kFailedPrecondition;
constexpr auto kMissing = absl::StatusCode::kNotFound;

Operator Make(const std::string& key) { return *BuildOperator(*ParseWorkload(key)); }

// pad [1,9,9,4], conv2d [1,7,7,8] over kh kw ic, out.
Operator PaddedConv() { return Make("conv2d/f32/nhwc/1x7x7x4/o8k3x3p1x1/bias"); }

absl::StatusOr<ScheduledOperator> Apply(const Operator& op, std::vector<Step> steps) {
  return ApplySchedule(op, Schedule{std::move(steps)});
}

std::vector<std::string> LoopNames(const ScheduledStage& stage) {
  std::vector<std::string> names;
  for (int leaf : stage.leaves) names.push_back(stage.axes[leaf].name);
  return names;
}

TEST(ApplyTest, SplitReorderAndFuseShapeTheLoops) {
  const auto scheduled =
      Apply(Make("matmul/f32/6x8x4"),
            {Split("matmul", "n", 3), Split("matmul", "k", 2), Fuse("matmul", "m", "n_outer")});
  ASSERT_THAT(scheduled, testing::IsOk());
  EXPECT_THAT(LoopNames(scheduled->stages[0]),
              ::testing::ElementsAre("m_n_outer", "n_inner", "k_outer", "k_inner"));
}

TEST(ApplyTest, UnknownStagesAndAxesAreNamed) {
  const Operator op = Make("matmul/f32/6x8x4");
  EXPECT_THAT(Apply(op, {Split("nowhere", "m", 2)}),
              StatusIs(kMissing, "split(nowhere, m, 2): no such stage"));
  EXPECT_THAT(Apply(op, {Split("matmul", "z", 2)}), StatusIs(kMissing, HasSubstr("no axis z")));
  EXPECT_THAT(Apply(op, {ComputeAt("matmul", "out", "m")}),
              StatusIs(kMissing, HasSubstr("no stage out")));
}

TEST(ApplyTest, SplitRefusesBadFactorsAndUsedAxes) {
  const Operator op = Make("matmul/f32/6x8x4");
  EXPECT_THAT(Apply(op, {Split("matmul", "m", 0)}),
              StatusIs(kNotLegal, HasSubstr("factor 0 is below 1")));
  EXPECT_THAT(Apply(op, {Split("matmul", "m", 2), Split("matmul", "m", 2)}),
              StatusIs(kNotLegal, HasSubstr("m is already split or fused")));
  EXPECT_THAT(Apply(op, {Unroll("matmul", "m"), Split("matmul", "m", 2)}),
              StatusIs(kNotLegal, HasSubstr("m is already annotated")));
}

TEST(ApplyTest, ReorderNeedsEveryLoopOnce) {
  const Operator op = Make("matmul/f32/6x8x4");
  EXPECT_THAT(Apply(op, {Reorder("matmul", {"m", "n"})}),
              StatusIs(kNotLegal, HasSubstr("2 axes are named, the stage has 3 loops")));
  EXPECT_THAT(Apply(op, {Reorder("matmul", {"m", "m", "k"})}),
              StatusIs(kNotLegal, HasSubstr("named twice")));
}

TEST(ApplyTest, FuseNeedsNeighboursOfOneKind) {
  const Operator op = Make("matmul/f32/6x8x4");
  EXPECT_THAT(Apply(op, {Fuse("matmul", "n", "m")}),
              StatusIs(kNotLegal, HasSubstr("not directly inside")));
  EXPECT_THAT(Apply(op, {Fuse("matmul", "n", "k")}),
              StatusIs(kNotLegal, HasSubstr("the other a reduction")));
}

TEST(ApplyTest, ReductionsAreNeitherVectorizedNorParallel) {
  const Operator op = Make("matmul/f32/6x8x4");
  EXPECT_THAT(Apply(op, {Vectorize("matmul", "k")}),
              StatusIs(kNotLegal, HasSubstr("k is a reduction")));
  EXPECT_THAT(Apply(op, {Parallel("matmul", "k")}),
              StatusIs(kNotLegal, HasSubstr("k is a reduction")));
}

TEST(ApplyTest, VectorizedIsInnermostAndParallelOutermost) {
  const Operator op = Make("matmul/f32/6x8x4");
  EXPECT_THAT(Apply(op, {Vectorize("matmul", "n")}),
              StatusIs(kNotLegal, HasSubstr("n is not innermost")));
  EXPECT_THAT(Apply(op, {Parallel("matmul", "n")}),
              StatusIs(kNotLegal, HasSubstr("n is not outermost")));
}

TEST(ApplyTest, PeelHasABound) {
  EXPECT_THAT(Apply(Make("matmul/f32/6x8x4"), {Peel("matmul", "m", 17, 0)}),
              StatusIs(kNotLegal, HasSubstr("17 iterations to peel are not in [0, 16]")));
}

TEST(ApplyTest, TensorizeWantsAPairOfIntegerTerms) {
  const Operator op = Make("dense/s8/1x8/o16/requant");
  EXPECT_THAT(Apply(op, {Tensorize("dense", "k")}),
              StatusIs(kNotLegal, HasSubstr("split by 1, 2 or 4")));
  EXPECT_THAT(
      Apply(Make("matmul/f32/6x8x4"), {Split("matmul", "k", 2), Tensorize("matmul", "k_inner")}),
      StatusIs(kNotLegal, HasSubstr("only s32 sums")));
}

TEST(ApplyTest, ComputeAtKeepsReadersInside) {
  const Operator op = PaddedConv();
  EXPECT_THAT(Apply(op, {ComputeAt("out", "conv2d", "oh")}),
              StatusIs(kNotLegal, HasSubstr("is computed before")));
  EXPECT_THAT(Apply(op, {ComputeAt("pad", "out", "oh")}),
              StatusIs(kNotLegal, HasSubstr("stage conv2d reads it outside out")));
  EXPECT_THAT(Apply(op, {ComputeAt("conv2d", "out", "oh"), ComputeAt("pad", "out", "oh")}),
              testing::IsOk());
}

TEST(ApplyTest, InlineTakesOnlyElementwiseStagesWithOneReader) {
  EXPECT_THAT(Apply(PaddedConv(), {Inline("conv2d")}),
              StatusIs(kNotLegal, HasSubstr("reduction cannot be inlined")));
  EXPECT_THAT(Apply(PaddedConv(), {Inline("out")}), StatusIs(kNotLegal, HasSubstr("0 readers")));
  EXPECT_THAT(Apply(PaddedConv(), {Inline("pad"), Unroll("pad", "n")}),
              StatusIs(kNotLegal, HasSubstr("inlined")));
}

TEST(ApplyTest, InlinedPaddingBecomesConditionsOfTheReader) {
  const auto scheduled = Apply(PaddedConv(), {Inline("pad")});
  ASSERT_THAT(scheduled, testing::IsOk());
  EXPECT_EQ(scheduled->stages[1].conditions.size(), 4u);  // Above, below, left, right.
}

TEST(ApplyTest, CacheWriteNeedsAnUnscheduledReduction) {
  const Operator op = PaddedConv();
  EXPECT_THAT(Apply(op, {CacheWrite("out")}), StatusIs(kNotLegal, HasSubstr("no reduction")));
  EXPECT_THAT(Apply(op, {Split("conv2d", "oh", 2), CacheWrite("conv2d")}),
              StatusIs(kNotLegal, HasSubstr("before the loops are scheduled")));
}

TEST(ApplyTest, PackChecksItsOrderAndBlocks) {
  const Operator op = Make("matmul/f32/6x8x4");
  EXPECT_THAT(Apply(op, {Pack("matmul", "c", {0, 1}, {})}),
              StatusIs(kMissing, HasSubstr("does not read c")));
  EXPECT_THAT(Apply(op, {Pack("matmul", "b", {0}, {})}), StatusIs(kNotLegal, HasSubstr("b has 2")));
  EXPECT_THAT(Apply(op, {Pack("matmul", "b", {0, 0}, {})}),
              StatusIs(kNotLegal, HasSubstr("every dimension once")));
  EXPECT_THAT(Apply(op, {Pack("matmul", "b", {1, 0}, {{2, 4}})}),
              StatusIs(kNotLegal, HasSubstr("dimensions in [0, 2)")));
  EXPECT_THAT(Apply(op, {Pack("matmul", "b", {1, 0}, {{1, 1}})}),
              StatusIs(kNotLegal, HasSubstr("at least 2")));
  EXPECT_THAT(Apply(op, {Pack("matmul", "b", {1, 0}, {}), Pack("matmul", "b_packed", {1, 0}, {})}),
              testing::IsOk());
}

TEST(ApplyTest, ConstantsArePackedAheadOfTimeAndDataIsNot) {
  const auto scheduled = Apply(Make("matmul/f32/6x8x4"), {Pack("matmul", "b", {1, 0}, {{1, 4}}),
                                                          Pack("matmul", "a", {1, 0}, {})});
  ASSERT_THAT(scheduled, testing::IsOk());
  EXPECT_TRUE(scheduled->stages[scheduled->FindStage("b_packed")].prepared);
  EXPECT_FALSE(scheduled->stages[scheduled->FindStage("a_packed")].prepared);
}

TEST(ApplyTest, StreamChecksItsNumbersAndKeepsThem) {
  const Operator op = Make("matmul/f32/6x8x4");
  EXPECT_THAT(Apply(op, {Stream("matmul", 3, 0, 0)}),
              StatusIs(kNotLegal, HasSubstr("3 lanes are no power of two in [1, 16]")));
  EXPECT_THAT(Apply(op, {Stream("matmul", 4, 65, 0)}),
              StatusIs(kNotLegal, HasSubstr("65 multiply-adds ahead are not in [0, 64]")));
  EXPECT_THAT(Apply(op, {Stream("matmul", 4, 0, 257)}),
              StatusIs(kNotLegal, HasSubstr("257 multiply-adds is not in [0, 256]")));
  EXPECT_THAT(Apply(op, {Stream("matmul", 4, 8, 8)}), StatusIs(kNotLegal, HasSubstr("not both")));
  const auto scheduled = Apply(op, {Stream("matmul", 4, 8, 0)});
  ASSERT_THAT(scheduled, testing::IsOk());
  EXPECT_EQ(scheduled->stream_lanes, 4);
  EXPECT_EQ(scheduled->stream_ahead, 8);
}

TEST(ApplyTest, RecenterPreparesTheOffsetThatReadersSubtract) {
  const Operator op = Make("conv2d/s8/nhwc/1x7x7x4/o8k3x3p1x1/bias+requant");
  const auto scheduled = Apply(op, {Recenter("conv2d")});
  ASSERT_THAT(scheduled, testing::IsOk());
  const ScheduledStage& offset = scheduled->stages[scheduled->FindStage("conv2d_offset")];
  EXPECT_TRUE(offset.prepared);
  EXPECT_EQ(offset.stage.buffer->extents, std::vector<int64_t>{8});
  EXPECT_EQ(scheduled->ReadersOf(offset.stage.buffer).size(), 1u);
}

TEST(ApplyTest, RecenterNeedsAZeroPointAndCopiedPadding) {
  EXPECT_THAT(Apply(PaddedConv(), {Recenter("conv2d")}),
              StatusIs(kNotLegal, HasSubstr("no product of (s8 - zero point) and s8")));
  const Operator op = Make("conv2d/s8/nhwc/1x7x7x4/o8k3x3p1x1/bias+requant");
  EXPECT_THAT(Apply(op, {Recenter("conv2d"), Inline("pad")}),
              StatusIs(kNotLegal, HasSubstr("missing from a sum")));
  EXPECT_THAT(Apply(op, {Inline("pad"), Recenter("conv2d")}),
              StatusIs(kNotLegal, HasSubstr("without inlined padding")));
  EXPECT_THAT(Apply(op, {Recenter("conv2d"), Recenter("conv2d")}),
              StatusIs(kNotLegal, HasSubstr("no product")));
}

TEST(ApplyTest, FourTermsAtATimeHaveNoRoomForAZeroPoint) {
  const Operator op = Make("conv2d/s8/nhwc/1x7x7x4/o8k3x3/bias+requant");
  const std::vector<Step> steps = {Split("conv2d", "ic", 4), Tensorize("conv2d", "ic_inner")};
  EXPECT_THAT(Apply(op, steps), StatusIs(kNotLegal, HasSubstr("no room for a zero point")));
  EXPECT_THAT(Apply(op, {Recenter("conv2d"), steps[0], steps[1]}), testing::IsOk());
}

TEST(ApplyTest, CodeIsPlacedOnceInAMemoryWithAName) {
  const Operator op = Make("matmul/f32/6x8x4");
  const auto placed = Apply(op, {Split("matmul", "n", 3), PlaceCode("matmul", "itcm")});
  ASSERT_THAT(placed, testing::IsOk());
  EXPECT_EQ(placed->code_memory, "itcm");
  EXPECT_THAT(Apply(op, {PlaceCode("matmul", "a b")}),
              StatusIs(kNotLegal, HasSubstr("place_code(matmul, a b): 'a b' is no name")));
  EXPECT_THAT(Apply(op, {PlaceCode("matmul", "itcm"), PlaceCode("matmul", "sram1")}),
              StatusIs(kNotLegal, HasSubstr("the code lies in itcm already")));
}

TEST(ApplyTest, BesideAnExpansionStandsOnlyWhereItsCodeLies) {
  const Operator op = Make("add/s8/nhwc/1x3x5x18");
  const std::string stage = op.stages.back().name;
  const Step expand = ExpandTableAdd(stage, {4});
  const auto placed = Apply(op, {expand, PlaceCode(stage, "itcm")});
  ASSERT_THAT(placed, testing::IsOk());
  EXPECT_EQ(placed->code_memory, "itcm");
  EXPECT_EQ(placed->expansion, expand);
  EXPECT_THAT(Apply(op, {expand, expand}), StatusIs(kNotLegal, HasSubstr("stands alone")));
  EXPECT_THAT(Apply(op, {expand, Unroll(stage, "c")}),
              StatusIs(kNotLegal, HasSubstr("stands alone in its schedule; beside it is unroll")));
}

}  // namespace
}  // namespace tunefarm::compiler
