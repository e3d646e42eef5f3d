#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>

#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "base/rng.h"
#include "compiler/codegen/emit.h"
#include "tests/unit/compiler/codegen/run_kernel.h"

namespace tunefarm::compiler {
namespace {

// gemmlowp's fixedpoint.h, as written there.
int32_t SaturatingRoundingDoublingHighMul(int32_t a, int32_t b) {
  const bool overflow = a == b && a == std::numeric_limits<int32_t>::min();
  const int64_t ab_64 = static_cast<int64_t>(a) * b;
  const int32_t nudge = ab_64 >= 0 ? (1 << 30) : (1 - (1 << 30));
  const auto ab_x2_high32 = static_cast<int32_t>((ab_64 + nudge) / (1ll << 31));
  return overflow ? std::numeric_limits<int32_t>::max() : ab_x2_high32;
}

int32_t RoundingDivideByPOT(int32_t x, int exponent) {
  const auto mask = static_cast<int32_t>((1ll << exponent) - 1);
  const int32_t remainder = x & mask;
  const int32_t threshold = (mask >> 1) + (x < 0 ? 1 : 0);
  return (x >> exponent) + (remainder > threshold ? 1 : 0);
}

int32_t MultiplyByQuantizedMultiplier(int32_t x, int32_t multiplier, int32_t shift) {
  const int left = shift > 0 ? shift : 0;
  const int right = shift > 0 ? 0 : -shift;
  const auto scaled = static_cast<int32_t>(static_cast<uint32_t>(x) << left);
  return RoundingDivideByPOT(SaturatingRoundingDoublingHighMul(scaled, multiplier), right);
}

struct RequantizeData {
  std::vector<int32_t> x, multiplier, shift, want;
  void Add(int32_t a, int32_t m, int32_t s) {
    x.push_back(a);
    multiplier.push_back(m);
    shift.push_back(s);
    want.push_back(MultiplyByQuantizedMultiplier(a, m, s));
  }
};

RequantizeData EdgesAndRandomValues() {
  RequantizeData data;
  constexpr int32_t kMin = std::numeric_limits<int32_t>::min();
  constexpr int32_t kMax = std::numeric_limits<int32_t>::max();
  const std::vector<int32_t> edges = {kMin, kMin + 1, -(1 << 30), -129, -128, -3,  -2,      -1,  0,
                                      1,    2,        3,          127,  128,  255, 1 << 30, kMax};
  for (int32_t x : edges) {
    for (int32_t multiplier : edges) {
      for (int32_t shift : {-31, -30, -17, -9, -2, -1, 0, 1, 2, 8, 30})
        data.Add(x, multiplier, shift);
    }
  }
  base::Rng rng(7);
  // A multiple of every number of lanes below.
  while (data.x.size() < 20000 || data.x.size() % 240 != 0) {
    data.Add(static_cast<int32_t>(rng()) >> rng.Below(31), static_cast<int32_t>(rng()),
             static_cast<int32_t>(rng.Below(62)) - 31);
  }
  return data;
}

TEST(IntrinsicsTest, RequantizeIsGemmlowpsToTheLastBit) {
  const RequantizeData data = EdgesAndRandomValues();
  for (int lanes : {2, 3, 8, 16, 48}) {
    const Function function = Parse(absl::StrReplaceAll(
        "fn run(x: s32[S], m: s32[S], s: s32[S], out: s32[S]) { for i in 0..T { out[ramp(i * "
        "N, 1, N)] = "
        "requantize(x[ramp(i * N, 1, N)], m[ramp(i * N, 1, N)], s[ramp(i * N, 1, N)]) } }",
        {{"S", absl::StrFormat("%d", data.x.size())},
         {"N", absl::StrFormat("%d", lanes)},
         {"T", absl::StrFormat("%d", data.x.size() / lanes)}}));
    const std::vector<Bytes> buffers = {ToBytes(data.x), ToBytes(data.multiplier),
                                        ToBytes(data.shift), ToBytes(data.x)};
    for (const Target& target : RunnableTargets()) {
      const auto got = RunCompiled(function, target, buffers);
      ASSERT_TRUE(got.ok()) << got.status();
      EXPECT_EQ(FromBytes<int32_t>((*got)[3]), data.want) << lanes << " lanes, " << Print(target);
    }
  }
}

TEST(IntrinsicsTest, RequantizeWorksOnScalarsAndConstants) {
  ExpectAgrees(
      "fn run(x: s32[50], out: s32[50]) { for i in 0..50 { out[i] = requantize(x[i], "
      "1518500250:s32, -7:s32) + "
      "requantize(x[i] / 65536:s32, 2147483647:s32, 3:s32) } }");
}

TEST(IntrinsicsTest, FixedPointFunctionsAgreeForScalarsAndVectors) {
  for (const char* value : {"count_leading_zeros(X)", "shift_left(X, S)", "rounding_shift(X, S)",
                            "fixed_exp(min(X, 0:s32))", "fixed_exp(0:s32 - X % 1073741824:s32)",
                            "fixed_reciprocal(X % 1073741824:s32 * 2:s32)"}) {
    for (int lanes : {1, 4}) {
      const bool vector = lanes > 1;
      const auto constant = [&](int number) {
        return absl::StrFormat(vector ? "broadcast(%d:s32, 4)" : "%d:s32", number);
      };
      const std::string at = vector ? "ramp(i * 4, 1, 4)" : "i";
      const std::string text = absl::StrReplaceAll(value, {{"X", "x[" + at + "]"},
                                                           {"S", "s[" + at + "] % " + constant(32)},
                                                           {"1073741824:s32", constant(1073741824)},
                                                           {"0:s32", constant(0)},
                                                           {"2:s32", constant(2)}});
      ExpectAgrees(absl::StrFormat(
          "fn run(x: s32[96], s: s32[96], out: s32[96]) { for i in 0..%d { out[%s] = %s } }",
          96 / lanes, at, text));
    }
  }
}

TEST(IntrinsicsTest, DotOfBytePairsIsExactForEveryNumberOfLanes) {
  for (int lanes : {1, 2, 3, 4, 8, 12, 16, 20, 32}) {
    const std::string at = lanes == 1 ? "i" : absl::StrFormat("ramp(i * %d, 1, %d)", lanes, lanes);
    ExpectAgrees(absl::StrReplaceAll(
        "fn run(acc: s32[960], a: s8[1920], b: s8[1920], out: s32[960]) { for i in 0..TRIPS {"
        "  out[AT] = dot_s8x2(acc[AT], a[ramp(i * P, 1, P)], b[ramp(i * P, 1, P)]) } }",
        {{"AT", at},
         {"TRIPS", absl::StrFormat("%d", 960 / lanes)},
         {"P", absl::StrFormat("%d", 2 * lanes)}}));
  }
}

// -128 x -128 + -128 x -128 = 32768 does not fit 16 bits: the widening must come first.
TEST(IntrinsicsTest, DotOfTheMostNegativeBytesDoesNotSaturate) {
  const Function function = Parse(
      "fn run(a: s8[32], out: s32[16]) { out[ramp(0, 1, 16)] = dot_s8x2(broadcast(5:s32, 16), "
      "a[ramp(0, 1, 32)], a[ramp(0, 1, 32)]) }");
  const std::vector<Bytes> buffers = {Bytes(32, 0x80), Bytes(64)};
  for (const Target& target : RunnableTargets()) {
    const auto got = RunCompiled(function, target, buffers);
    ASSERT_TRUE(got.ok()) << got.status();
    EXPECT_EQ(FromBytes<int32_t>((*got)[1]), std::vector<int32_t>(16, 32773)) << Print(target);
  }
}

TEST(IntrinsicsTest, DotUsesTheMachinesPairMultiply) {
  const Function function = Parse(
      "fn run(a: s8[32], b: s8[32], out: s32[16]) { out[ramp(0, 1, 16)] = dot_s8x2(out[ramp(0, 1, "
      "16)], "
      "a[ramp(0, 1, 32)], b[ramp(0, 1, 32)]) }");
  const auto assembly = [&](const char* target) {
    return *EmitAssembly(KernelOf(function), *ParseTarget(target), "kernel");
  };
  EXPECT_NE(assembly("x86-avx512").find("vpmaddwd"), std::string::npos);
  EXPECT_NE(assembly("x86-avx2").find("vpmaddwd"), std::string::npos);
  EXPECT_NE(assembly("triple=x86_64-unknown-linux-gnu,cpu=znver4,features="
                     "avx512bw+avx512dq+avx512f+avx512vl+avx512vnni+fma")
                .find("vpdpwssd"),
            std::string::npos);
}

// Distance of `got` from the exact value, in units of the last place of the nearest float.
double UlpsFrom(double exact, float got) {
  const auto nearest = static_cast<float>(exact);
  if (std::isinf(nearest) || std::isinf(got)) return nearest == got ? 0 : 1e9;
  const float above = std::nextafter(std::abs(nearest), std::numeric_limits<float>::infinity());
  return std::abs(got - exact) / (double{above} - std::abs(nearest));
}

Function ExpOf(size_t count) {
  return Parse(absl::StrReplaceAll(
      "fn run(x: f32[S], out: f32[S]) { for i in 0..T { out[ramp(i * 16, "
      "1, 16)] = exp(x[ramp(i * 16, 1, 16)]) } }",
      {{"S", absl::StrFormat("%d", count)}, {"T", absl::StrFormat("%d", count / 16)}}));
}

TEST(IntrinsicsTest, ExpIsWithinTwoUlpFromUnderflowToOverflow) {
  std::vector<float> x;
  for (double value = -105; value < 90; value += 0.00037) x.push_back(static_cast<float>(value));
  while (x.size() % 16 != 0) x.push_back(0);
  for (const Target& target : RunnableTargets()) {
    const auto got = RunCompiled(ExpOf(x.size()), target, {ToBytes(x), ToBytes(x)});
    ASSERT_TRUE(got.ok()) << got.status();
    const std::vector<float> y = FromBytes<float>((*got)[1]);
    double worst = 0;
    for (size_t i = 0; i < x.size(); ++i) {
      const double ulps = UlpsFrom(std::exp(double{x[i]}), y[i]);
      ASSERT_LT(ulps, 2) << "exp(" << x[i] << ") = " << y[i] << " on " << Print(target);
      worst = std::max(worst, ulps);
    }
    RecordProperty("worst_ulps_" + target.name.substr(0, 10), absl::StrFormat("%.3f", worst));
  }
}

TEST(IntrinsicsTest, ExpOfInfinitiesAndNan) {
  constexpr float kInf = std::numeric_limits<float>::infinity();
  std::vector<float> x = {kInf, -kInf, std::nanf(""), 0, -0.0f, 1000, -1000, 88.73f};
  x.resize(16, 1e-30f);
  for (const Target& target : RunnableTargets()) {
    const auto got = RunCompiled(ExpOf(x.size()), target, {ToBytes(x), ToBytes(x)});
    ASSERT_TRUE(got.ok()) << got.status();
    const std::vector<float> y = FromBytes<float>((*got)[1]);
    EXPECT_EQ(y[0], kInf);
    EXPECT_EQ(y[1], 0);
    EXPECT_TRUE(std::isnan(y[2]));
    EXPECT_EQ(y[3], 1);
    EXPECT_EQ(y[4], 1);
    EXPECT_EQ(y[5], kInf);
    EXPECT_EQ(y[6], 0);
    EXPECT_EQ(y[7], kInf);
    EXPECT_EQ(y[8], 1);
  }
}

TEST(IntrinsicsTest, ExpAndSqrtWorkOnScalarsAndOddVectors) {
  ExpectAgrees(
      "fn run(x: f32[30], out: f32[30]) { for i in 0..10 { out[ramp(i * 3, 1, 3)] = sqrt(x[ramp(i "
      "* 3, 1, 3)] * "
      "x[ramp(i * 3, 1, 3)]) } for i in 0..30 { out[i] = out[i] + exp(x[i] / 16f) + sqrt(2f) } }",
      1e-6);
}

}  // namespace
}  // namespace tunefarm::compiler
