#include "device_agent/verification.h"

#include <cstdint>
#include <limits>
#include <vector>

#include "gtest/gtest.h"

namespace tunefarm::device_agent {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();

template <typename T>
std::span<const std::byte> Bytes(const std::vector<T>& values) {
  return std::as_bytes(std::span(values));
}

Comparison CompareFloats(const std::vector<float>& got, const std::vector<float>& want,
                         double absolute = 0, double relative = 0) {
  return CompareOutput(v1::DATA_TYPE_F32, Bytes(got), Bytes(want), absolute, relative);
}

TEST(VerificationTest, EqualFloatsPassWithoutTolerance) {
  EXPECT_EQ(CompareFloats({0.5f, -0.0f, kInfinity}, {0.5f, 0.0f, kInfinity}).num_mismatches, 0u);
}

TEST(VerificationTest, FloatsPassUpToTheSumOfBothTolerances) {
  // 0.25 + 0.125 x |-4| = 0.75, exactly representable.
  EXPECT_EQ(CompareFloats({-3.25f}, {-4.0f}, 0.25, 0.125).num_mismatches, 0u);
  EXPECT_EQ(CompareFloats({-3.1875f}, {-4.0f}, 0.25, 0.125).num_mismatches, 1u);
}

TEST(VerificationTest, NanNeverPasses) {
  EXPECT_EQ(CompareFloats({kNan}, {1.0f}, 1e30, 1e30).num_mismatches, 1u);
  EXPECT_EQ(CompareFloats({kNan}, {kNan}, 1e30, 1e30).num_mismatches, 1u);
  EXPECT_EQ(CompareFloats({1.0f}, {kNan}, 1e30, 1e30).num_mismatches, 1u);
}

TEST(VerificationTest, InfinityPassesOnlyForItself) {
  EXPECT_EQ(CompareFloats({-kInfinity}, {kInfinity}, 1, 0).num_mismatches, 1u);
  EXPECT_EQ(CompareFloats({1.0f}, {kInfinity}, 1, 0).num_mismatches, 1u);
  EXPECT_EQ(CompareFloats({kInfinity}, {1.0f}, 1, 1).num_mismatches, 1u);
}

TEST(VerificationTest, FirstMismatchAndTheirNumberAreTold) {
  const Comparison comparison = CompareFloats({1, 2, 30, 4, 50}, {1, 2, 3, 4, 5}, 0.5);
  EXPECT_EQ(comparison.num_mismatches, 2u);
  EXPECT_EQ(comparison.first_index, 2u);
  EXPECT_EQ(comparison.got, 30);
  EXPECT_EQ(comparison.want, 3);
  EXPECT_FALSE(comparison.unwritten);
}

TEST(VerificationTest, IntegersAreExactWhateverTheTolerance) {
  const std::vector<int8_t> got8 = {1, -128}, want8 = {1, -127};
  EXPECT_EQ(CompareOutput(v1::DATA_TYPE_S8, Bytes(got8), Bytes(want8), 100, 100).num_mismatches,
            1u);
  const std::vector<int16_t> got16 = {300}, want16 = {301};
  EXPECT_EQ(CompareOutput(v1::DATA_TYPE_S16, Bytes(got16), Bytes(want16), 100, 100).num_mismatches,
            1u);
  const std::vector<int32_t> got32 = {1 << 30, 7}, want32 = {1 << 30, 7};
  EXPECT_EQ(CompareOutput(v1::DATA_TYPE_S32, Bytes(got32), Bytes(want32), 0, 0).num_mismatches, 0u);
}

template <typename T>
void ExpectPoisonNeverPasses(v1::DataType type, const std::vector<T>& want) {
  std::vector<T> output = want;
  PoisonOutput(type, Bytes(want), std::as_writable_bytes(std::span(output)));
  const Comparison comparison = CompareOutput(type, Bytes(output), Bytes(want), 1e30, 1e30);
  EXPECT_EQ(comparison.num_mismatches, want.size());
  EXPECT_TRUE(comparison.unwritten);
}

TEST(VerificationTest, PoisonNeverPassesWhateverIsExpected) {
  ExpectPoisonNeverPasses<float>(v1::DATA_TYPE_F32, {0, 1, -1, kInfinity});
  std::vector<int8_t> all;
  for (int value = -128; value < 128; ++value) all.push_back(static_cast<int8_t>(value));
  ExpectPoisonNeverPasses<int8_t>(v1::DATA_TYPE_S8, all);
  ExpectPoisonNeverPasses<int16_t>(v1::DATA_TYPE_S16, {0, -1, 32767});
  ExpectPoisonNeverPasses<int32_t>(v1::DATA_TYPE_S32, {0, -1, 1 << 30});
}

TEST(VerificationTest, MismatchIsDescribedInOneSentence) {
  v1::Buffer buffer;
  buffer.set_name("out");
  buffer.set_data_type(v1::DATA_TYPE_F32);
  buffer.set_num_elems(5);
  v1::ExpectedOutput expected;
  expected.set_absolute_tolerance(0.5);
  expected.set_relative_tolerance(1e-5);
  const Comparison comparison = CompareFloats({1, 2, 30, 4, 50}, {1, 2, 3, 4, 5}, 0.5);
  EXPECT_EQ(DescribeMismatch(comparison, buffer, expected),
            "out[2]: got 30, want 3 (tolerance 0.5 + 1e-05 x |want|); 2 of 5 elements differ");
  buffer.set_data_type(v1::DATA_TYPE_S32);
  EXPECT_EQ(DescribeMismatch(
                {.num_mismatches = 1, .first_index = 4, .got = 0, .want = -7, .unwritten = true},
                buffer, expected),
            "out[4]: got nothing written, want -7 (exact); 1 of 5 elements differ");
}

}  // namespace
}  // namespace tunefarm::device_agent
