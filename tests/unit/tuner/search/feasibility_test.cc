#include "tuner/search/feasibility.h"

#include <gtest/gtest.h>

namespace tunefarm::tuner {
namespace {

using compiler::Config;

class FeasibilityTest : public testing::Test {
 protected:
  const compiler::ConfigSpace space_{"f.v1", {{"a", {1, 2}, ""}, {"b", {1, 2, 3}, ""}}, nullptr};
  Feasibility feasibility_{&space_};
};

TEST_F(FeasibilityTest, ThreeFailuresWithoutSuccessBanAValue) {
  feasibility_.Record(Config{{2, 2}}, true);
  feasibility_.Record(Config{{1, 1}}, false);
  feasibility_.Record(Config{{1, 2}}, false);
  EXPECT_FALSE(feasibility_.IsBanned(Config{{1, 3}}));
  feasibility_.Record(Config{{1, 3}}, false);
  EXPECT_TRUE(feasibility_.IsBanned(Config{{1, 3}}));
  EXPECT_FALSE(feasibility_.IsBanned(Config{{2, 3}}));
}

TEST_F(FeasibilityTest, OneSuccessForgivesAValue) {
  for (int i = 0; i < 5; ++i) feasibility_.Record(Config{{1, 1}}, false);
  EXPECT_TRUE(feasibility_.IsBanned(Config{{1, 2}}));
  feasibility_.Record(Config{{1, 2}}, true);
  EXPECT_FALSE(feasibility_.IsBanned(Config{{1, 2}}));
  EXPECT_TRUE(feasibility_.IsBanned(Config{{1, 1}})) << "b=1 has never worked";
}

TEST_F(FeasibilityTest, AKnobWhoseValuesAllFailBansNone) {
  for (int i = 0; i < 3; ++i) {
    feasibility_.Record(Config{{1, 1}}, false);
    feasibility_.Record(Config{{2, 1}}, false);
  }
  EXPECT_FALSE(feasibility_.IsBanned(Config{{1, 2}}));
  EXPECT_TRUE(feasibility_.IsBanned(Config{{1, 1}})) << "for b=1";
}

}  // namespace
}  // namespace tunefarm::tuner
