#include "compiler/ir/requantize.h"

#include <gtest/gtest.h>

#include <limits>

namespace tunefarm::compiler {
namespace {

constexpr int32_t kHalf = 1 << 30;  // 0.5 as a multiplier.
constexpr int32_t kLowest = std::numeric_limits<int32_t>::min();
constexpr int32_t kHighest = std::numeric_limits<int32_t>::max();

TEST(RequantizeTest, AMultiplierOfOneHalfHalvesWithTiesUpward) {
  EXPECT_EQ(Requantize(10, kHalf, 0), 5);
  EXPECT_EQ(Requantize(7, kHalf, 0), 4);
  EXPECT_EQ(Requantize(-7, kHalf, 0), -3);
}

TEST(RequantizeTest, ARightShiftRoundsTiesAwayFromZero) {
  EXPECT_EQ(Requantize(12, kHalf, -2), 2);    // 6 / 4 = 1.5
  EXPECT_EQ(Requantize(-12, kHalf, -2), -2);  // -1.5
  EXPECT_EQ(Requantize(20, kHalf, -2), 3);    // 10 / 4 = 2.5
  EXPECT_EQ(Requantize(-20, kHalf, -2), -3);
  EXPECT_EQ(Requantize(18, kHalf, -2), 2);  // 2.25
}

TEST(RequantizeTest, ALeftShiftMultipliesFirst) { EXPECT_EQ(Requantize(3, kHalf, 4), 24); }

TEST(RequantizeTest, TheOneProductThatDoesNotFitSaturates) {
  EXPECT_EQ(Requantize(kLowest, kLowest, 0), kHighest);
  EXPECT_EQ(Requantize(kLowest, kHighest, 0), -kHighest);
  EXPECT_EQ(Requantize(kLowest, kHalf, -31), -1);  // -0.5
  EXPECT_EQ(Requantize(kLowest, kHighest, -31), -1);
}

}  // namespace
}  // namespace tunefarm::compiler
