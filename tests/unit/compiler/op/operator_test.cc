#include "compiler/op/operator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "compiler/ir/print.h"
#include "tests/support/status_matchers.h"

namespace tunefarm::compiler {
namespace {

using ::testing::HasSubstr;
using ::tunefarm::testing::IsOk;
using ::tunefarm::testing::StatusIs;

Operator Built(const std::string& key) {
  const auto workload = ParseWorkload(key);
  EXPECT_THAT(workload, IsOk()) << key;
  auto op = BuildOperator(*workload);
  EXPECT_THAT(op, IsOk()) << key;
  return *std::move(op);
}

std::string Axes(const std::vector<Axis>& axes) {
  std::string text;
  for (const Axis& axis : axes) {
    text += (text.empty() ? "" : " ") + axis.name + "=" + std::to_string(axis.extent);
  }
  return text;
}

std::string Inputs(const Operator& op) {
  std::string text;
  for (const OperatorInput& input : op.inputs) {
    text += (text.empty() ? "" : " ") + input.buffer->name + (input.constant ? "!" : "");
  }
  return text;
}

TEST(OperatorTest, AConvolutionIsPaddedSummedAndFinished) {
  const Operator op = Built("conv2d/f32/nhwc/1x56x56x64/o32k3x3p1x1/bias+relu");
  EXPECT_EQ(Inputs(op), "in w! bias!");
  ASSERT_EQ(op.stages.size(), 3u);
  const Stage& pad = op.stages[0];
  EXPECT_TRUE(pad.is_padding);
  EXPECT_EQ(Axes(pad.axes), "n=1 h=58 w=58 c=64");
  EXPECT_EQ(Print(pad.value),
            "select(1 <= h && h < 57 && 1 <= w && w < 57, in[n, h - 1, w - 1, c], 0f)");
  const Stage& sum = op.stages[1];
  EXPECT_EQ(sum.name, "conv2d");
  EXPECT_EQ(Axes(sum.axes), "n=1 oh=56 ow=56 oc=32");
  EXPECT_EQ(Axes(sum.reduce_axes), "kh=3 kw=3 ic=64");
  EXPECT_EQ(Print(sum.value), "pad[n, oh + kh, ow + kw, ic] * w[kh, kw, ic, oc]");
  EXPECT_EQ(Print(sum.init), "0f");
  EXPECT_EQ(sum.buffer->scope, Scope::kScratch);
  const Stage& out = op.stages[2];
  EXPECT_EQ(out.name, "out");
  EXPECT_EQ(out.buffer, op.output);
  EXPECT_EQ(out.reduction, Reduction::kNone);
  EXPECT_EQ(Print(out.value), "max(conv2d[n, oh, ow, oc] + bias[oc], 0f)");
}

TEST(OperatorTest, WithoutEpilogueTheMainStageWritesTheOutput) {
  const Operator op = Built("conv2d/f32/nhwc/1x5x5x3/o4k3x3");
  ASSERT_EQ(op.stages.size(), 1u);
  EXPECT_EQ(op.stages[0].name, "conv2d");
  EXPECT_EQ(op.stages[0].buffer, op.output);
  EXPECT_EQ(op.output->name, "out");
  EXPECT_EQ(op.output->scope, Scope::kArgument);
}

TEST(OperatorTest, APointwiseConvolutionIsAMatrixProduct) {
  const Operator op = Built("conv2d/f32/nhwc/2x5x7x3/o4k1x1/add");
  EXPECT_EQ(Inputs(op), "in residual w!");
  const Stage* sum = op.FindStage("conv2d");
  ASSERT_NE(sum, nullptr);
  EXPECT_EQ(Axes(sum->axes), "m=70 oc=4");
  EXPECT_EQ(Axes(sum->reduce_axes), "ic=3");
  EXPECT_EQ(Print(op.stages.back().value), "conv2d[m, oc] + residual[m, oc]");
}

TEST(OperatorTest, AOneByOneKernelWithStrideStaysAConvolution) {
  const Operator op = Built("conv2d/f32/nhwc/1x6x6x3/o4k1x1s2x2");
  EXPECT_EQ(Axes(op.stages[0].axes), "n=1 oh=3 ow=3 oc=4");
  EXPECT_EQ(Print(op.stages[0].value), "in[n, oh * 2 + kh, ow * 2 + kw, ic] * w[kh, kw, ic, oc]");
}

TEST(OperatorTest, GroupsAndDilationShowInTheSubscripts) {
  const Operator op = Built("conv2d/f32/nhwc/1x9x9x4/o6k3x3d2x3g2");
  EXPECT_EQ(Print(op.stages[0].value),
            "in[n, oh + kh * 2, ow + kw * 3, oc / 3 * 2 + ic] * w[kh, kw, ic, oc]");
}

TEST(OperatorTest, BlockedChannelsAreTwoAxes) {
  const Operator op = Built("conv2d/f32/nchw4c/1x2x6x6x4/o12k3x3p1x1/bias");
  EXPECT_EQ(Axes(op.stages[0].axes), "n=1 c_block=2 h=8 w=8 c_lane=4");
  EXPECT_EQ(Axes(op.stages[1].axes), "n=1 oc_block=3 oh=6 ow=6 oc_lane=4");
  EXPECT_EQ(Axes(op.stages[1].reduce_axes), "ic_block=2 kh=3 kw=3 ic_lane=4");
  EXPECT_EQ(Print(op.stages[2].value),
            "conv2d[n, oc_block, oh, ow, oc_lane] + bias[oc_block * 4 + oc_lane]");
}

TEST(OperatorTest, QuantisedPaddingIsTheZeroPointAndTheSumTakesItOff) {
  const Operator op = Built("conv2d/s8/nhwc/1x5x5x3/o4k3x3p1x0/bias+relu");
  EXPECT_EQ(Inputs(op), "in w! bias! multiplier! shift! zero_points!");
  EXPECT_EQ(Print(op.stages[0].value),
            "select(1 <= h && h < 6, in[n, h - 1, w, c], s8(zero_points[0]))");
  EXPECT_EQ(Print(op.stages[1].value),
            "(s32(pad[n, oh + kh, ow + kw, ic]) - zero_points[0]) * s32(w[kh, kw, ic, oc])");
  EXPECT_EQ(op.stages[1].buffer->dtype, DType::kS32);
  EXPECT_EQ(op.output->dtype, DType::kS8);
  EXPECT_EQ(Print(op.stages[2].value),
            "s8(min(max(requantize(conv2d[n, oh, ow, oc] + bias[oc], multiplier[oc], shift[oc]) + "
            "zero_points[1], max(-128:s32, zero_points[1])), 127:s32))");
}

TEST(OperatorTest, DepthwiseChannelsShareTheirInputChannel) {
  const Operator op = Built("depthwise_conv2d/f32/nhwc/1x5x5x3/k3x3m2");
  EXPECT_EQ(Axes(op.stages[0].axes), "n=1 oh=3 ow=3 oc=6");
  EXPECT_EQ(Print(op.stages[0].value),
            "in[n, oh + kh, ow + kw, oc / 2] * w[kh, kw, oc / 2, oc % 2]");
}

TEST(OperatorTest, PoolsPadWithTheNeutralElement) {
  const Operator max = Built("max_pool2d/f32/nhwc/1x6x6x3/k3x3p1x1");
  EXPECT_EQ(max.stages[1].reduction, Reduction::kMax);
  EXPECT_THAT(Print(max.stages[0].value), HasSubstr(", -inff)"));
  const Operator max_s8 = Built("max_pool2d/s8/nhwc/1x6x6x3/k3x3p1x1");
  EXPECT_THAT(Print(max_s8.stages[0].value), HasSubstr(", -128:s8)"));
  const Operator avg = Built("avg_pool2d/f32/nhwc/1x6x6x3/k3x3s2x2p1x1");
  EXPECT_EQ(Print(avg.stages[2].value),
            "avg_pool2d[n, oh, ow, c] / f32((min(oh * 2 - 1 + 3, 6) - max(oh * 2 - 1, 0)) * "
            "(min(ow * 2 - 1 + 3, 6) - max(ow * 2 - 1, 0)))");
}

TEST(OperatorTest, ElementwiseOperatorsAreOneStageWithTheirEpilogue) {
  const Operator op = Built("add/f32/nhwc/1x4x5x6/b1x1x1x6/relu");
  ASSERT_EQ(op.stages.size(), 1u);
  EXPECT_EQ(op.stages[0].name, "add");
  EXPECT_EQ(Print(op.stages[0].value), "max(a[n, h, w, c] + b[0, 0, 0, c], 0f)");
}

TEST(OperatorTest, IntegersAreComparedExactlyAndFloatsWithinATolerance) {
  EXPECT_EQ(Built("conv2d/s8/nhwc/1x5x5x3/o4k3x3").absolute_tolerance, 0);
  const Operator op = Built("dense/f32/1x512/o10");
  EXPECT_GT(op.absolute_tolerance, 0);
  // A wrong term of the test data is off by at least one multiple of 2^-8.
  EXPECT_LT(op.absolute_tolerance, 0x1p-9);
}

TEST(OperatorTest, AWorkloadThatNoKeySaysIsRefused) {
  Workload workload = *ParseWorkload("dense/f32/1x512/o10");
  workload.kh = 3;
  EXPECT_THAT(BuildOperator(workload),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("fields set that dense/f32/1x512/o10 does not say")));
  workload = *ParseWorkload("conv2d/f32/nchw4c/1x2x6x6x4/o12k3x3");
  workload.channel_block = 0;
  EXPECT_THAT(BuildOperator(workload),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("channel block of 0")));
}

}  // namespace
}  // namespace tunefarm::compiler
