#include "mcu_agent/bridge/recovery_ladder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tunefarm::mcu_agent {
namespace {

using ::testing::ElementsAre;

std::vector<Rung> Climb(RecoveryLadder* ladder, Symptom symptom, int times) {
  std::vector<Rung> rungs;
  for (int i = 0; i < times; ++i) rungs.push_back(ladder->Next(symptom));
  return rungs;
}

TEST(RecoveryLadderTest, StuckBoardIsClimbedFromTheBottom) {
  RecoveryLadder ladder(/*has_power_hook=*/true);
  EXPECT_THAT(Climb(&ladder, Symptom::kStuck, 7),
              ElementsAre(Rung::kReset, Rung::kReload, Rung::kRestartOpenOcd, Rung::kRestartOpenOcd,
                          Rung::kPowerCycle, Rung::kPowerCycle, Rung::kQuarantine));
}

TEST(RecoveryLadderTest, WithoutPowerHookQuarantineComesEarlier) {
  RecoveryLadder ladder(/*has_power_hook=*/false);
  EXPECT_THAT(Climb(&ladder, Symptom::kLinkLost, 3),
              ElementsAre(Rung::kRestartOpenOcd, Rung::kRestartOpenOcd, Rung::kQuarantine));
}

TEST(RecoveryLadderTest, SymptomSaysWhereItIsWorthStarting) {
  EXPECT_EQ(RecoveryLadder(true).Next(Symptom::kStuck), Rung::kReset);
  EXPECT_EQ(RecoveryLadder(true).Next(Symptom::kBroken), Rung::kReload);
  EXPECT_EQ(RecoveryLadder(true).Next(Symptom::kLinkLost), Rung::kRestartOpenOcd);
}

TEST(RecoveryLadderTest, WorseSymptomOnTheWaySkipsRungs) {
  RecoveryLadder ladder(true);
  EXPECT_EQ(ladder.Next(Symptom::kStuck), Rung::kReset);
  EXPECT_EQ(ladder.Next(Symptom::kLinkLost), Rung::kRestartOpenOcd);
  EXPECT_EQ(ladder.Next(Symptom::kStuck), Rung::kRestartOpenOcd);
  EXPECT_EQ(ladder.Next(Symptom::kStuck), Rung::kPowerCycle);
}

TEST(RecoveryLadderTest, BoardThatWorkedAgainStartsFromTheBottom) {
  RecoveryLadder ladder(true);
  Climb(&ladder, Symptom::kStuck, 2);
  ladder.Progressed();
  EXPECT_EQ(ladder.Next(Symptom::kStuck), Rung::kReset);
}

TEST(RecoveryLadderTest, TooManyTroublesWithoutAFinishedBatchAreTheEnd) {
  RecoveryLadder ladder(true);
  for (int i = 0; i < RecoveryLadder::kMostTroubles; ++i) {
    EXPECT_EQ(ladder.Next(Symptom::kStuck), Rung::kReset) << i;
    ladder.Progressed();
  }
  EXPECT_EQ(ladder.Next(Symptom::kStuck), Rung::kQuarantine);
}

TEST(RecoveryLadderTest, FinishedBatchesForgiveTroubles) {
  RecoveryLadder ladder(true);
  for (int i = 0; i < 4 * RecoveryLadder::kMostTroubles; ++i) {
    EXPECT_EQ(ladder.Next(Symptom::kStuck), Rung::kReset) << i;
    ladder.Finished();
  }
}

TEST(RecoveryLadderTest, QuarantineLastsUntilItIsReopened) {
  RecoveryLadder ladder(false);
  Climb(&ladder, Symptom::kLinkLost, 3);
  ladder.Progressed();
  EXPECT_EQ(ladder.Next(Symptom::kStuck), Rung::kQuarantine);
  ladder.Reopen();
  EXPECT_EQ(ladder.Next(Symptom::kStuck), Rung::kReset);
}

TEST(RecoveryLadderTest, HistoryNamesTheCures) {
  RecoveryLadder ladder(true);
  Climb(&ladder, Symptom::kStuck, 3);
  EXPECT_EQ(ladder.History(), "halt and reset, reload firmware, restart OpenOCD");
  ladder.Finished();
  EXPECT_EQ(ladder.History(), "");
}

}  // namespace
}  // namespace tunefarm::mcu_agent
