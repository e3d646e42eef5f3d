#include "base/statistics.h"

#include <gtest/gtest.h>

namespace tunefarm::base {
namespace {

TEST(StatisticsTest, MedianOfAnEvenCountIsTheMeanOfTheMiddleTwo) {
  EXPECT_DOUBLE_EQ(Median({4, 1, 3, 2}), 2.5);
  EXPECT_DOUBLE_EQ(Median({5, 1, 3}), 3);
  EXPECT_DOUBLE_EQ(Median({}), 0);
}

// |1-3|, |2-3|, |3-3|, |4-3|, |100-3| = 2 1 0 1 97, whose median is 1: one outlier does not move
// it.
TEST(StatisticsTest, MadIgnoresASingleOutlier) {
  EXPECT_DOUBLE_EQ(MedianAbsoluteDeviation({1, 2, 3, 4, 100}), 1);
}

}  // namespace
}  // namespace tunefarm::base
