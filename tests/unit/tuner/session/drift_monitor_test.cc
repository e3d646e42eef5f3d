#include "tuner/session/drift_monitor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tunefarm::tuner {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr char kBoard[] = "board";

// Sixteen trials between two timings, three waits of 0.5, 1 and 2 seconds. Time passes when the
// test says so.
class DriftMonitorTest : public ::testing::Test {
 protected:
  void Trials(int count) {
    for (int i = 0; i < count; ++i) monitor_.OnTrial(kBoard, now_, ++last_trial_, true);
  }
  bool Due() { return !monitor_.TakeDue(now_).empty(); }
  DriftVerdict Time(double timing_ns) {
    judgement_ = monitor_.OnReference(kBoard, now_, timing_ns);
    return judgement_.verdict;
  }
  // A level of 100 and sixteen trials after it.
  void BeginAt100() {
    Trials(1);
    EXPECT_TRUE(Due());
    EXPECT_EQ(Time(100), DriftVerdict::kFirst);
    Trials(15);
    EXPECT_FALSE(Due());
    Trials(1);
    EXPECT_TRUE(Due());
  }

  DriftMonitor monitor_{DriftOptions{}};
  absl::Duration now_ = absl::Seconds(1000);
  int64_t last_trial_ = 0;
  DriftJudgement judgement_;
};

TEST_F(DriftMonitorTest, ReferenceIsDueAfterTheFirstTrialAndThenEverySixteen) {
  EXPECT_FALSE(Due());
  BeginAt100();
  EXPECT_FALSE(Due()) << "asked for already";
  EXPECT_EQ(Time(101), DriftVerdict::kSteady);
  Trials(16);
  EXPECT_TRUE(Due());
}

TEST_F(DriftMonitorTest, ThreePercentAreNoDriftAndFourAre) {
  BeginAt100();
  EXPECT_EQ(Time(102.9), DriftVerdict::kSteady);
  EXPECT_THAT(monitor_.Paused(now_), IsEmpty());
  Trials(16);
  EXPECT_EQ(Time(98.6), DriftVerdict::kSteady) << "2.8 % off the median of 100 and 102.9";
  Trials(16);
  EXPECT_EQ(Time(104), DriftVerdict::kDrifted);
  EXPECT_THAT(monitor_.Paused(now_), ElementsAre(kBoard));
}

TEST_F(DriftMonitorTest, DeviceThatBecameFasterHasDriftedToo) {
  BeginAt100();
  EXPECT_EQ(Time(95), DriftVerdict::kDrifted);
  EXPECT_NEAR(judgement_.drift, -0.05, 1e-9);
}

TEST_F(DriftMonitorTest, DeviceThatComesBackHasItsLastBatchMeasuredAgain) {
  BeginAt100();
  EXPECT_EQ(Time(110), DriftVerdict::kDrifted);
  EXPECT_THAT(judgement_.suspects, IsEmpty());
  EXPECT_FALSE(Due());
  now_ += absl::Milliseconds(500);
  EXPECT_TRUE(Due());
  EXPECT_EQ(Time(101), DriftVerdict::kSettled);
  EXPECT_EQ(judgement_.suspects.size(), 17u) << "none of them lies before a steady timing";
  EXPECT_THAT(monitor_.Paused(now_), IsEmpty());
}

TEST_F(DriftMonitorTest, OnlyTrialsSinceTheLastSteadyTimingAreSuspects) {
  BeginAt100();
  Time(100);
  Trials(2);
  Time(110);
  now_ += absl::Seconds(1);
  Time(100);
  EXPECT_THAT(judgement_.suspects, ElementsAre(18, 19));
}

TEST_F(DriftMonitorTest, DeviceThatStaysElsewhereGetsANewLevelAfterThreeWaits) {
  BeginAt100();
  for (const double wait : {0.5, 1.0, 2.0}) {
    EXPECT_EQ(Time(120), DriftVerdict::kDrifted);
    now_ += absl::Seconds(wait) - absl::Milliseconds(1);
    EXPECT_FALSE(Due());
    now_ += absl::Milliseconds(1);
    EXPECT_TRUE(Due());
  }
  EXPECT_EQ(Time(120), DriftVerdict::kSettled);
  EXPECT_EQ(judgement_.suspects.size(), 17u);
  EXPECT_THAT(monitor_.Paused(now_), IsEmpty());
  Trials(16);
  EXPECT_EQ(Time(121), DriftVerdict::kSteady);
}

TEST_F(DriftMonitorTest, SlowDriftAddsUpUntilItIsSeen) {
  BeginAt100();
  DriftVerdict verdict = DriftVerdict::kSteady;
  double timing = 100;
  for (int i = 0; i < 20 && verdict == DriftVerdict::kSteady; ++i) {
    timing *= 1.005;
    verdict = Time(timing);
  }
  EXPECT_EQ(verdict, DriftVerdict::kDrifted);
  EXPECT_LT(timing, 106);
}

TEST_F(DriftMonitorTest, TrialThatWasMeasuredAgainIsNoSuspectASecondTime) {
  BeginAt100();
  Time(100);
  monitor_.OnTrial(kBoard, now_, 900, false);
  monitor_.OnTrial(kBoard, now_, 901, true);
  Time(110);
  Time(100);
  EXPECT_THAT(judgement_.suspects, ElementsAre(901));
}

TEST_F(DriftMonitorTest, NoisyDeviceIsHeldToItsOwnNoise) {
  Trials(1);
  for (const double timing : {100.0, 101.5, 98.5, 102.9, 97.1, 102.9, 97.1}) Time(timing);
  EXPECT_EQ(Time(108), DriftVerdict::kSteady) << "three times its deviation is 8.7 %";
  EXPECT_EQ(Time(115), DriftVerdict::kDrifted) << "beyond any noise that is believed";
}

TEST_F(DriftMonitorTest, DevicesAreWatchedOneByOne) {
  BeginAt100();
  monitor_.OnTrial("other", now_, 500, true);
  EXPECT_THAT(monitor_.TakeDue(now_), ElementsAre("other"));
  monitor_.OnReference("other", now_, 50);
  EXPECT_EQ(Time(110), DriftVerdict::kDrifted);
  monitor_.OnTrial("other", now_, 501, true);
  EXPECT_EQ(monitor_.OnReference("other", now_, 50).verdict, DriftVerdict::kSteady);
  EXPECT_THAT(monitor_.Paused(now_), ElementsAre(kBoard));
}

TEST_F(DriftMonitorTest, OneDeviceThatDriftedLeavesTheOthersToGoOn) {
  BeginAt100();
  EXPECT_FALSE(monitor_.AllPaused(now_));
  EXPECT_EQ(Time(110), DriftVerdict::kDrifted);
  EXPECT_TRUE(monitor_.AllPaused(now_)) << "there is no other";
  monitor_.OnTrial("other", now_, 500, true);
  EXPECT_FALSE(monitor_.AllPaused(now_));
  monitor_.OnReference("other", now_, 50);
  monitor_.OnReference("other", now_, 60);
  EXPECT_THAT(monitor_.Paused(now_), ElementsAre(kBoard, "other"));
  EXPECT_TRUE(monitor_.AllPaused(now_));
}

TEST_F(DriftMonitorTest, DeviceThatWentSilentIsNotCountedOn) {
  BeginAt100();
  monitor_.OnTrial("gone", now_, 500, true);
  now_ += absl::Seconds(29);
  EXPECT_EQ(Time(110), DriftVerdict::kDrifted);
  EXPECT_FALSE(monitor_.AllPaused(now_));
  now_ += absl::Seconds(1);
  EXPECT_TRUE(monitor_.AllPaused(now_));
}

TEST_F(DriftMonitorTest, ReferenceThatIsLostHoldsNobodyUp) {
  BeginAt100();
  Time(110);
  now_ += absl::Seconds(1);
  EXPECT_TRUE(Due());
  EXPECT_THAT(monitor_.Paused(now_), ElementsAre(kBoard));
  now_ += absl::Seconds(30);
  EXPECT_THAT(monitor_.Paused(now_), IsEmpty()) << "it did not arrive";
  monitor_.OnReferenceLost(kBoard);
  EXPECT_THAT(monitor_.Paused(now_), IsEmpty());
  Trials(16);
  EXPECT_TRUE(Due()) << "and is asked for again after the next trials";
}

}  // namespace
}  // namespace tunefarm::tuner
