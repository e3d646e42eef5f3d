#include "compiler/ir/interpret.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <numeric>

#include "compiler/ir/parse.h"
#include "tests/support/status_matchers.h"

namespace tunefarm::compiler {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::tunefarm::testing::IsOk;
using ::tunefarm::testing::StatusIs;

template <typename T>
std::vector<uint8_t> Bytes(const std::vector<T>& values) {
  std::vector<uint8_t> bytes(values.size() * sizeof(T));
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

template <typename T>
std::vector<T> Values(const std::vector<uint8_t>& bytes) {
  std::vector<T> values(bytes.size() / sizeof(T));
  std::memcpy(values.data(), bytes.data(), bytes.size());
  return values;
}

absl::Status RunText(const std::string& text, std::vector<std::vector<uint8_t>*> buffers) {
  const absl::StatusOr<Function> function = ParseFunction(text);
  if (!function.ok()) return function.status();
  return Interpret(*function, buffers);
}

// The value of an s32 expression over a: s32[4] = {100, -7, 3, 2147483647}.
int32_t EvalS32(const std::string& expression) {
  std::vector<uint8_t> a = Bytes<int32_t>({100, -7, 3, 2147483647});
  std::vector<uint8_t> out(4);
  const absl::Status status =
      RunText("fn f(a: s32[4], out: s32[1]) { out[0] = " + expression + " }", {&a, &out});
  EXPECT_THAT(status, IsOk()) << expression;
  return Values<int32_t>(out)[0];
}

// The value of an f32 expression over a: f32[3] = {1.5, -2.5, 1e20}.
float EvalF32(const std::string& expression) {
  std::vector<uint8_t> a = Bytes<float>({1.5f, -2.5f, 1e20f});
  std::vector<uint8_t> out(4);
  const absl::Status status =
      RunText("fn f(a: f32[3], out: f32[1]) { out[0] = " + expression + " }", {&a, &out});
  EXPECT_THAT(status, IsOk()) << expression;
  return Values<float>(out)[0];
}

TEST(InterpretTest, IntegerArithmeticWrapsAndDivisionRoundsDown) {
  EXPECT_EQ(EvalS32("a[3] + 1:s32"), -2147483647 - 1);
  EXPECT_EQ(EvalS32("a[3] * 2:s32"), -2);
  EXPECT_EQ(EvalS32("a[1] / 2:s32"), -4);
  EXPECT_EQ(EvalS32("a[1] % 2:s32"), 1);
  EXPECT_EQ(EvalS32("min(a[0], a[1]) - max(a[0], a[1])"), -107);
  EXPECT_EQ(EvalS32("select(a[0] < a[1] || a[0] == 100:s32, 1:s32, 2:s32)"), 1);
  EXPECT_EQ(EvalS32("select(a[0] <= a[1] && true, 1:s32, 2:s32)"), 2);
}

TEST(InterpretTest, CastsWrapTruncateAndRound) {
  EXPECT_EQ(EvalS32("s32(s8(a[3]))"), -1);
  EXPECT_EQ(EvalS32("s32(s8(a[0] + 100:s32))"), -56);
  EXPECT_EQ(EvalS32("s32(s16(a[0] * 400:s32))"), 40000 - 65536);
  EXPECT_EQ(EvalS32("s32(a[0] < a[1]) + s32(a[1] < a[0])"), 1);
  EXPECT_EQ(EvalS32("s32(f32(a[1]) / 2f)"), -3);
  EXPECT_EQ(EvalF32("f32(16777217:s32)"), 16777216.0f);
}

TEST(InterpretTest, FloatArithmeticIsSingle) {
  EXPECT_EQ(EvalF32("a[0] * a[1] - 0.25f"), -4.0f);
  EXPECT_EQ(EvalF32("a[0] / a[1]"), 1.5f / -2.5f);
  EXPECT_EQ(EvalF32("a[2] + 1f - a[2]"), 0.0f);
  EXPECT_EQ(EvalF32("max(min(a[0], a[1]), -inff)"), -2.5f);
  EXPECT_FLOAT_EQ(EvalF32("exp(a[0])"), std::exp(1.5f));
  EXPECT_EQ(EvalF32("sqrt(a[0] * 1.5f)"), 1.5f);
}

TEST(InterpretTest, DotMultipliesPairsAndRequantizeScales) {
  std::vector<uint8_t> b = Bytes<int8_t>({127, 127, -128, -128, 1, 2, 3, 4});
  std::vector<uint8_t> c = Bytes<int32_t>({1000, -1000});
  ASSERT_THAT(RunText("fn f(b: s8[8], c: s32[2]) { c[ramp(0, 1, 2)] = dot_s8x2(c[ramp(0, 1, 2)], "
                      "b[ramp(0, 1, 4)], b[ramp(4, 1, 4)]) }",
                      {&b, &c}),
              IsOk());
  EXPECT_THAT(Values<int32_t>(c), ElementsAre(1000 + 127 * 3, -1000 - 128 * 7));
  EXPECT_EQ(EvalS32("requantize(a[0], 1073741824:s32, -1:s32)"), 25);
}

TEST(InterpretTest, DotsOfOneAndOfFourTerms) {
  std::vector<uint8_t> b = Bytes<int8_t>({127, 127, -128, -128, 1, 2, 3, 4});
  std::vector<uint8_t> c = Bytes<int32_t>({1000, -1000});
  ASSERT_THAT(RunText("fn f(b: s8[8], c: s32[2]) { c[0] = dot_s8x4(c[0], b[ramp(0, 1, 4)], "
                      "b[ramp(4, 1, 4)]) c[1] = dot_s8x1(c[1], s16(b[2]), s16(b[7])) }",
                      {&b, &c}),
              IsOk());
  EXPECT_THAT(Values<int32_t>(c), ElementsAre(1000 + 127 * 3 - 128 * 7, -1000 - 128 * 4));
}

TEST(InterpretTest, VectorsWorkLaneByLane) {
  std::vector<float> start(16);
  std::iota(start.begin(), start.end(), 0.0f);
  std::vector<uint8_t> a = Bytes(start);
  std::vector<uint8_t> out(4 * 4);
  ASSERT_THAT(RunText("fn f(a: f32[4,4], out: f32[4]) {\n"
                      "  out[ramp(0, 1, 4)] = select(ramp(0, 1, 4) < broadcast(2, 4), "
                      "a[1, ramp(3, -1, 4)], a[ramp(0, 5, 4)]) * broadcast(2f, 4)\n}",
                      {&a, &out}),
              IsOk());
  EXPECT_THAT(Values<float>(out), ElementsAre(14, 12, 20, 30));
}

TEST(InterpretTest, LoopsOfEveryKindRunInOrderAndEmptyOnesNotAtAll) {
  std::vector<uint8_t> out = Bytes<float>({0, 0, 0, 0});
  ASSERT_THAT(RunText("fn f(out: f32[4]) {\n"
                      "  for i in 1..+3 { parallel j in 0..1 { out[i] = out[i - 1] + 1f } }\n"
                      "  unrolled i in 0..2 { vectorized j in 0..2 { out[i * 2 + j] = "
                      "out[i * 2 + j] * 10f } }\n"
                      "  for i in 0..-3 { out[99] = 0f }\n}",
                      {&out}),
              IsOk());
  EXPECT_THAT(Values<float>(out), ElementsAre(0, 10, 20, 30));
}

TEST(InterpretTest, OnlyTheChosenSideOfAScalarSelectIsEvaluated) {
  std::vector<uint8_t> a = Bytes<float>({5, 6});
  std::vector<uint8_t> out(3 * 4);
  ASSERT_THAT(RunText("fn f(a: f32[2], out: f32[3]) { for i in 0..3 { "
                      "out[i] = select(1 <= i, a[i - 1], -1f) } }",
                      {&a, &out}),
              IsOk());
  EXPECT_THAT(Values<float>(out), ElementsAre(-1, 5, 6));
}

TEST(InterpretTest, AnAccessOutOfBoundsNamesBufferIndexAndExtent) {
  std::vector<uint8_t> out(6 * 4);
  EXPECT_THAT(
      RunText("fn f(out: f32[2,3]) { for i in 0..4 { out[1, i] = 0f } }", {&out}),
      StatusIs(absl::StatusCode::kOutOfRange,
               HasSubstr("interpret f: buffer out: index 3 of dimension 1 is outside [0, 3)")));
  // Flattened, the same store is bounded by the number of elements.
  EXPECT_THAT(RunText("fn f(out: f32[2,3]) { out[ramp(4, 1, 3)] = broadcast(0f, 3) }", {&out}),
              StatusIs(absl::StatusCode::kOutOfRange,
                       HasSubstr("index 6 of dimension 0 is outside [0, 6)")));
  EXPECT_THAT(RunText("fn f(out: f32[2,3]) { out[0] = out[0 - 1] }", {&out}),
              StatusIs(absl::StatusCode::kOutOfRange, HasSubstr("index -1")));
}

TEST(InterpretTest, ReadingScratchBeforeWritingItIsAnError) {
  std::vector<uint8_t> out(4);
  const std::string text =
      "fn f(out: f32[1]) { for i in 0..2 { alloc s: f32[2] scratch { s[i] = 1f out[0] = s[0] } } }";
  // The second iteration has fresh, uninitialised scratch.
  EXPECT_THAT(RunText(text, {&out}),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("element 0 of s is read before it is written")));
}

TEST(InterpretTest, DivisionByZeroIsAnError) {
  std::vector<uint8_t> out(4);
  EXPECT_THAT(RunText("fn f(out: f32[1]) { for i in 0..1 { out[5 / i] = 0f } }", {&out}),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("division by 0")));
}

TEST(InterpretTest, ARequantizeShiftOutOfRangeIsAnError) {
  std::vector<uint8_t> out(4);
  EXPECT_THAT(RunText("fn f(out: s32[1]) { out[0] = requantize(1:s32, 1:s32, 31:s32) }", {&out}),
              StatusIs(absl::StatusCode::kOutOfRange, HasSubstr("shift 31, must be -31 to 30")));
}

TEST(InterpretTest, BuffersMustMatchTheParameters) {
  std::vector<uint8_t> four(4);
  const std::string text = "fn f(a: f32[1], b: f32[2]) { a[0] = b[0] }";
  EXPECT_THAT(RunText(text, {&four}), StatusIs(absl::StatusCode::kInvalidArgument,
                                               HasSubstr("1 buffers for 2 parameters")));
  EXPECT_THAT(RunText(text, {&four, &four}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("buffer b has 4 bytes, the parameter needs 8")));
  EXPECT_THAT(RunText(text, {&four, nullptr}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("buffer b is read and was not given")));
  std::vector<uint8_t> eight(8);
  EXPECT_THAT(RunText(text, {nullptr, &eight}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("buffer a is written and was not given")));
}

}  // namespace
}  // namespace tunefarm::compiler
