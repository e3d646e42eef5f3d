#include "compiler/op/reference.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <map>

#include "absl/strings/str_format.h"
#include "base/rng.h"
#include "compiler/ir/requantize.h"
#include "compiler/op/reference_quantize.h"
#include "tests/support/status_matchers.h"

namespace tunefarm::compiler {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::tunefarm::testing::IsOk;
using ::tunefarm::testing::StatusIs;

Operator OperatorOf(const std::string& key) { return *BuildOperator(*ParseWorkload(key)); }

template <typename T>
TensorBytes Bytes(const std::vector<T>& values) {
  TensorBytes bytes(values.size() * sizeof(T));
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

template <typename T>
std::vector<T> Output(const std::string& key, const std::vector<TensorBytes>& inputs) {
  const auto bytes = ReferenceOutput(OperatorOf(key), inputs);
  EXPECT_THAT(bytes, IsOk()) << key;
  if (!bytes.ok()) return {};
  std::vector<T> values(bytes->size() / sizeof(T));
  std::memcpy(values.data(), bytes->data(), bytes->size());
  return values;
}

// ---- results that were worked out by hand

TEST(ReferenceTest, AConvolutionSumsOverTheWindowAndSkipsPadding) {
  // 1 2 3      kernel 10 1, pads left 1: windows (0,1) (1,2) (2,3) over rows summed with 1,
  // stride 1. 4 5 6             1 0
  const TensorBytes in = Bytes<float>({1, 2, 3, 4, 5, 6});
  const TensorBytes w = Bytes<float>({10, 1, 1, 0});
  EXPECT_THAT(Output<float>("conv2d/f32/nhwc/1x2x3x1/o1k2x2p0x1x0x0", {in, w}),
              ElementsAre(1, 12 + 4, 23 + 5));
  EXPECT_THAT(Output<float>("conv2d/f32/nhwc/1x2x3x1/o1k2x2p0x1x0x0/bias+relu",
                            {in, w, Bytes<float>({-14})}),
              ElementsAre(0, 2, 14));
}

TEST(ReferenceTest, WeightsOfNhwcAreHwioAndOfNchwOihw) {
  // One pixel, two input channels (1, 10), two output channels.
  const TensorBytes in = Bytes<float>({1, 10});
  const TensorBytes w = Bytes<float>({1, 2, 3, 4});
  EXPECT_THAT(Output<float>("conv2d/f32/nhwc/1x1x1x2/o2k1x1", {in, w}), ElementsAre(31, 42));
  EXPECT_THAT(Output<float>("conv2d/f32/nchw/1x2x1x1/o2k1x1", {in, w}), ElementsAre(21, 43));
}

TEST(ReferenceTest, GroupsSeeOnlyTheirChannels) {
  const TensorBytes in = Bytes<float>({1, 10, 100, 1000});
  // kh kw ic oc: for the group's first and second input channel, the four output channels.
  const TensorBytes w = Bytes<float>({1, 2, 3, 4, 5, 6, 7, 8});
  EXPECT_THAT(Output<float>("conv2d/f32/nhwc/1x1x1x4/o4k1x1g2", {in, w}),
              ElementsAre(1 + 50, 2 + 60, 300 + 7000, 400 + 8000));
}

TEST(ReferenceTest, DepthwiseMultipliesEachChannelByItsOwnWeights) {
  const TensorBytes in = Bytes<float>({1, 10});
  const TensorBytes w = Bytes<float>({1, 2, 3, 4});  // Channel 0: 1 2; channel 1: 3 4.
  EXPECT_THAT(Output<float>("depthwise_conv2d/f32/nhwc/1x1x1x2/k1x1m2", {in, w}),
              ElementsAre(1, 2, 30, 40));
}

TEST(ReferenceTest, BlockedLayoutPutsChannelsOfABlockTogether) {
  // Channels 0 1 | 2 3 over two pixels; identity weights return the input.
  const TensorBytes in = Bytes<float>({0, 1, 10, 11, 2, 3, 12, 13});
  std::vector<float> identity(16, 0.0f);
  for (size_t i = 0; i < 4; ++i) identity[i * 4 + i] = 1;
  EXPECT_THAT(Output<float>("conv2d/f32/nchw2c/1x2x1x2x2/o4k1x1", {in, Bytes(identity)}),
              ElementsAre(0, 1, 10, 11, 2, 3, 12, 13));
}

TEST(ReferenceTest, DenseAndMatmulMultiplyMatrices) {
  const TensorBytes a = Bytes<float>({1, 2, 3, 4, 5, 6});
  const TensorBytes b = Bytes<float>({1, 2, 10, 20, 100, 200});
  EXPECT_THAT(Output<float>("matmul/f32/2x2x3", {a, b}), ElementsAre(321, 642, 654, 1308));
  EXPECT_THAT(Output<float>("dense/f32/2x3/o2/bias", {a, b, Bytes<float>({0, 1000})}),
              ElementsAre(321, 1642, 654, 2308));
}

TEST(ReferenceTest, ResidualComesBeforeTheActivation) {
  const TensorBytes one = Bytes<float>({1, 1});
  EXPECT_THAT(Output<float>("conv2d/f32/nhwc/1x1x2x1/o1k1x1/bias+add+relu6",
                            {one, Bytes<float>({-5, 8}), Bytes<float>({2}), Bytes<float>({1})}),
              ElementsAre(0, 6));
}

TEST(ReferenceTest, PoolsCountOnlyTapsInsideTheImage) {
  const TensorBytes in = Bytes<float>({-1, -2, -3, -4});
  EXPECT_THAT(Output<float>("max_pool2d/f32/nhwc/1x2x2x1/k2x2s2x2p1x1", {in}),
              ElementsAre(-1, -2, -3, -4));
  EXPECT_THAT(Output<float>("avg_pool2d/f32/nhwc/1x2x2x1/k3x3p1x1s2x2", {in}), ElementsAre(-2.5f));
  // TFLite rounds halves away from zero: -5 / 2 and 5 / 2.
  EXPECT_THAT(
      Output<int8_t>("avg_pool2d/s8/nhwc/1x1x4x1/k1x2s1x2", {Bytes<int8_t>({-2, -3, 2, 3})}),
      ElementsAre(-3, 3));
}

TEST(ReferenceTest, AddBroadcastsItsSecondOperand) {
  const TensorBytes a = Bytes<float>({1, 2, 3, 4});
  EXPECT_THAT(Output<float>("add/f32/nhwc/1x1x2x2/b1x1x1x2", {a, Bytes<float>({10, 20})}),
              ElementsAre(11, 22, 13, 24));
  EXPECT_THAT(Output<float>("add/f32/nhwc/1x1x2x2/b1x1x2x1/relu", {a, Bytes<float>({10, -20})}),
              ElementsAre(11, 12, 0, 0));
}

TEST(ReferenceTest, AQuantisedProductIsScaledAndClamped) {
  // (in - 3) * w: (7 * 10 + 1 * 20) = 90, times 0.5 * 2^-1 = 22.5 -> 23 with ties away, plus zero
  // point -5.
  const std::string key = "dense/s8/1x2/o3/bias+requant";
  const TensorBytes in = Bytes<int8_t>({10, 4});
  const TensorBytes w = Bytes<int8_t>({10, -10, 127, 20, -20, 127});
  const TensorBytes bias = Bytes<int32_t>({0, 0, 10000});
  const TensorBytes half = Bytes<int32_t>({1 << 30, 1 << 30, 1 << 30});
  const TensorBytes shift = Bytes<int32_t>({-1, -1, 0});
  const TensorBytes zero_points = Bytes<int32_t>({3, -5});
  const std::vector<TensorBytes> inputs = {in, w, bias, half, shift, zero_points};
  EXPECT_THAT(Output<int8_t>(key, inputs), ElementsAre(18, -28, 127));
  // relu clamps at the output's zero point.
  EXPECT_THAT(Output<int8_t>(key + "+relu", inputs), ElementsAre(18, -5, 127));
}

TEST(ReferenceTest, QuantisedReluClampsAtTheZeroPoint) {
  EXPECT_THAT(
      Output<int8_t>("relu/s8/nhwc/1x1x1x3", {Bytes<int8_t>({-9, 4, 5}), Bytes<int32_t>({4})}),
      ElementsAre(4, 4, 5));
}

TEST(ReferenceTest, AQuantisedAddAlignsTheScalesOfItsOperands) {
  // Multipliers 0.5: a at scale 1/2, b at 1/4, the sum brought back by 2^-18 * 0.5 * 2: 2^20 * (6/2
  // + 8/4) = 5 * 2^20.
  const TensorBytes multipliers = Bytes<int32_t>({1 << 30, 1 << 30, 1 << 30});
  const TensorBytes shifts = Bytes<int32_t>({0, -1, -19});
  const TensorBytes zero_points = Bytes<int32_t>({1, -2, 10});
  EXPECT_THAT(Output<int8_t>("add/s8/nhwc/1x1x1x1", {Bytes<int8_t>({7}), Bytes<int8_t>({6}),
                                                     multipliers, shifts, zero_points}),
              ElementsAre(10 + 5));
}

// The scale of the logits is 2^-3 x 0.8: multiplier 0.8, shift 23.
std::vector<TensorBytes> QuantisedLogits(const std::vector<int8_t>& logits) {
  return {Bytes(logits), Bytes<int32_t>({1717986918}), Bytes<int32_t>({23}),
          Bytes<int32_t>({-248})};
}

TEST(ReferenceTest, AQuantisedSoftmaxOfEqualLogitsIsUniform) {
  EXPECT_THAT(Output<int8_t>("softmax/s8/1x4", QuantisedLogits({7, 7, 7, 7})),
              ElementsAre(-64, -64, -64, -64));
  EXPECT_THAT(Output<int8_t>("softmax/s8/1x1", QuantisedLogits({-128})), ElementsAre(127));
  // Rows by themselves; what is far below the greatest is nothing.
  EXPECT_THAT(Output<int8_t>("softmax/s8/2x2", QuantisedLogits({127, -128, -128, -128})),
              ElementsAre(127, -128, 0, 0));
}

TEST(ReferenceTest, AQuantisedSoftmaxIsWithinAStepOfTheExactOne) {
  base::Rng rng(20240502);
  for (const int num : {2, 10, 12, 300, 1001}) {
    std::vector<int8_t> logits(static_cast<size_t>(num));
    for (int8_t& logit : logits) logit = static_cast<int8_t>(rng());
    double sum = 0;
    for (int8_t logit : logits) sum += std::exp(0.1 * logit);
    const auto got =
        Output<int8_t>(absl::StrFormat("softmax/s8/1x%d", num), QuantisedLogits(logits));
    for (size_t i = 0; i < logits.size(); ++i) {
      const double want = std::min(127.0, 256 * std::exp(0.1 * logits[i]) / sum - 128);
      ASSERT_NEAR(got[i], want, 1) << num << " logits, " << i;
    }
  }
}

TEST(ReferenceTest, AQuantisedSoftmaxOfMoreElementsThanTheSumHoldsIsRefused) {
  EXPECT_THAT(ParseWorkload("softmax/s8/1x4096"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("4096 elements")));
  EXPECT_THAT(ParseWorkload("softmax/s8/1x4095"), IsOk());
}

// ---- arithmetic written twice

TEST(ReferenceTest, BothWritingsOfTheFixedPointMultiplicationAgree) {
  const int32_t lowest = std::numeric_limits<int32_t>::min();
  const int32_t highest = std::numeric_limits<int32_t>::max();
  std::vector<int32_t> values = {lowest, lowest + 1, -(1 << 30), -1,          0,      1,
                                 2,      3,          1 << 30,    highest - 1, highest};
  base::Rng rng(20240501);
  for (int i = 0; i < 200; ++i)
    values.push_back(static_cast<int32_t>(rng() >> (32 + rng.Below(31))));
  for (int32_t x : values) {
    for (int32_t multiplier : values) {
      for (int shift = kMinRequantizeShift; shift <= kMaxRequantizeShift; ++shift) {
        ASSERT_EQ(Requantize(x, multiplier, shift),
                  MultiplyByQuantizedMultiplier(x, multiplier, shift))
            << x << " " << multiplier << " " << shift;
      }
    }
  }
}

// ---- test data

TEST(FillTest, DataIsAFunctionOfSeedBufferAndElement) {
  const Operator op = OperatorOf("conv2d/f32/nhwc/1x5x5x3/o4k3x3/bias");
  EXPECT_EQ(FillInput(op, 0, 7), FillInput(op, 0, 7));
  EXPECT_NE(FillInput(op, 0, 7), FillInput(op, 0, 8));
  const TensorBytes in = FillInput(op, 0, 7);
  float first = 0;
  std::memcpy(&first, in.data(), sizeof(first));
  EXPECT_EQ(first, tunefarm_fill_float(&op.inputs[0].fill, 7, 0, 0));
  EXPECT_EQ(in.size(), 5u * 5 * 3 * 4);
}

TEST(FillTest, QuantisedResultsSpreadOverTheRange) {
  for (const char* key : {"dense/s8/8x1/o256/bias", "conv2d/s8/nhwc/1x8x8x16/o64k3x3p1x1/bias",
                          "dense/s8/8x4096/o256", "depthwise_conv2d/s8/nhwc/1x16x16x32/k3x3",
                          "add/s8/nhwc/1x8x8x32"}) {
    const Operator op = OperatorOf(key);
    std::vector<TensorBytes> inputs;
    for (size_t i = 0; i < op.inputs.size(); ++i) inputs.push_back(FillInput(op, i, 3));
    const TensorBytes out = *ReferenceOutput(op, inputs);
    size_t saturated = 0;
    std::map<int8_t, size_t> counts;
    for (uint8_t byte : out) {
      const int8_t value = static_cast<int8_t>(byte);
      ++counts[value];
      saturated += value == -128 || value == 127;
    }
    EXPECT_LT(saturated, out.size() / 4) << key;
    EXPECT_GT(counts.size(), 64u) << key;
  }
}

TEST(ReferenceTest, WrongNumberOrSizeOfInputsIsRefused) {
  const Operator op = OperatorOf("dense/f32/1x4/o2");
  EXPECT_THAT(ReferenceOutput(op, {}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("0 inputs, needs 2")));
  EXPECT_THAT(
      ReferenceOutput(op, {TensorBytes(16), TensorBytes(31)}),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("input w has 31 bytes, needs 32")));
}

}  // namespace
}  // namespace tunefarm::compiler
