#include "tuner/search/final_round.h"

#include <gtest/gtest.h>

namespace tunefarm::tuner {
namespace {

TEST(FinalRoundTest, TheChallengerThatIsFasterInEachRoundWinsThoughTheClockDrifts) {
  // The clock slows by half over the rounds: medians of times would say little, ratios stay at
  // 0.95.
  const auto result = ChooseWinner({{100, 120, 150, 110}, {95, 114, 142.5, 104.5}}, 0);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->winner, 1u);
  EXPECT_NEAR(result->median_ratio[1], 0.95, 1e-9);
  EXPECT_DOUBLE_EQ(result->median_ratio[0], 1);
  EXPECT_EQ(result->num_rounds[1], 4u);
}

TEST(FinalRoundTest, AGainOfOnePercentIsNotEnough) {
  const auto result = ChooseWinner({{100, 100, 100}, {99.1, 99.1, 99.1}}, 0);
  EXPECT_EQ(result->winner, 0u);
}

TEST(FinalRoundTest, AGainWithinTwoMadsIsNotEnough) {
  // Ratios .90 .97 1.04: median .97, deviations .07 0 .07, MAD .07: a gain of .03 is below .14.
  const auto result = ChooseWinner({{100, 100, 100}, {90, 97, 104}}, 0);
  EXPECT_EQ(result->winner, 0u);
  EXPECT_NEAR(result->mad_ratio[1], 0.07, 1e-9);
}

TEST(FinalRoundTest, TheFastestOfSeveralChallengersWinsWhereverTheIncumbentStands) {
  const auto result = ChooseWinner({{90, 90}, {80, 80}, {100, 100}, {85, 85}}, 2);
  EXPECT_EQ(result->winner, 1u);
}

TEST(FinalRoundTest, FailedSamplesLeaveTheirPairOutAndWithoutPairsNobodyWins) {
  const auto result = ChooseWinner({{100, 0, 100}, {50, 50, 0}, {0, 50, 0}}, 0);
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->winner, 1u);
  EXPECT_EQ(result->num_rounds[1], 1u);
  EXPECT_EQ(result->num_rounds[2], 0u);
}

TEST(FinalRoundTest, BadShapesAreRefused) {
  EXPECT_EQ(ChooseWinner({}, 0).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ChooseWinner({{1}, {1, 2}}, 0).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ChooseWinner({{1}}, 1).status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace tunefarm::tuner
