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

// Every value near a boundary, with the extremes of multiplier and shift.
TEST(RequantizeTest, TheShortFormIsTheSamePlusAZeroPointInsideItsRange) {
  const int32_t limit = (1 << 30) - 1;
  for (int32_t x : {0, 1, -1, 2, -2, 3, -3, 12345, -12345, 1 << 22, -(1 << 22), limit, -limit}) {
    for (int32_t multiplier : {0, 1, kHalf - 1, kHalf, kHalf + 1, 0x5A5A5A5A, kHighest}) {
      for (int32_t right = 1; right <= kMaxShortRight; ++right) {
        for (int32_t zero_point : {-128, -1, 0, 127}) {
          const int32_t addend = (1 << (right - 1)) + zero_point * (1 << right);
          EXPECT_EQ(RequantizeShort(2 * x, multiplier, addend, right),
                    Requantize(x, multiplier, -right) + zero_point)
              << x << " x " << multiplier << " >> " << right << " + " << zero_point;
        }
      }
    }
  }
}

}  // namespace
}  // namespace tunefarm::compiler
