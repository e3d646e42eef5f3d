#include "device_agent/sample_judge.h"

#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tunefarm::device_agent {
namespace {

using ::testing::ElementsAre;

constexpr auto kSteady = SampleVerdict::kSteady;
constexpr auto kMoved = SampleVerdict::kFrequencyMoved;
constexpr auto kThrottled = SampleVerdict::kThrottled;

StateReading At(uint64_t mhz, Throttling throttled = Throttling::kNo) {
  return {.frequency_hz = mhz * 1'000'000, .throttled = throttled};
}

TimedSample SampleAt(uint64_t before_mhz, uint64_t after_mhz) {
  return {.value_ns = 1, .before = At(before_mhz), .after = At(after_mhz)};
}

class SampleJudgeTest : public testing::Test {
 protected:
  std::vector<SampleVerdict> Judge(size_t wanted, const std::vector<TimedSample>& samples) {
    SampleJudge judge(wanted, room_);
    for (const TimedSample& sample : samples) {
      if (!judge.WantsMore()) break;
      judge.Add(sample);
    }
    wants_more_ = judge.WantsMore();
    num_steady_ = judge.num_steady();
    std::vector<SampleVerdict> verdicts;
    for (size_t i = 0; i < judge.num_taken(); ++i) verdicts.push_back(room_[i].verdict);
    return verdicts;
  }

  std::vector<TimedSample> room_ = std::vector<TimedSample>(16);
  bool wants_more_ = false;
  size_t num_steady_ = 0;
};

TEST_F(SampleJudgeTest, SteadyDeviceGivesAsManySamplesAsWanted) {
  const TimedSample sample = SampleAt(1500, 1500);
  EXPECT_THAT(Judge(3, {sample, sample, sample, sample}), ElementsAre(kSteady, kSteady, kSteady));
}

TEST_F(SampleJudgeTest, DeviceThatTellsNothingIsTakenForSteady) {
  EXPECT_THAT(Judge(2, {TimedSample(), TimedSample(), TimedSample()}),
              ElementsAre(kSteady, kSteady));
}

TEST_F(SampleJudgeTest, SampleWhoseClockMovedIsTakenAgain) {
  EXPECT_THAT(Judge(2, {SampleAt(1500, 1500), SampleAt(1500, 1400), SampleAt(1500, 1500)}),
              ElementsAre(kSteady, kMoved, kSteady));
  EXPECT_FALSE(wants_more_);
}

TEST_F(SampleJudgeTest, ClockThatRisesUnmasksEarlierSamples) {
  EXPECT_THAT(Judge(3, {SampleAt(600, 600), SampleAt(600, 1500), SampleAt(1500, 1500)}),
              ElementsAre(kMoved, kMoved, kSteady));
  EXPECT_TRUE(wants_more_);
}

TEST_F(SampleJudgeTest, ReadingsOfOneClockMayDifferALittle) {
  EXPECT_THAT(Judge(2, {SampleAt(2800, 2790), SampleAt(2750, 2800)}),
              ElementsAre(kSteady, kSteady));
}

TEST_F(SampleJudgeTest, SmallestStepOfABoardIsAMove) {
  EXPECT_THAT(Judge(1, {SampleAt(2400, 2300)}), ElementsAre(kMoved));  // Raspberry Pi 5.
}

TEST_F(SampleJudgeTest, SampleOfAThrottledDeviceIsTakenAgain) {
  const TimedSample begun = {
      .value_ns = 1, .before = At(1500), .after = At(1500, Throttling::kYes)};
  EXPECT_THAT(Judge(1, {begun, SampleAt(1500, 1500)}), ElementsAre(kThrottled, kSteady));
}

TEST_F(SampleJudgeTest, RepeatsAreBounded) {
  const TimedSample bad = {.value_ns = 1, .before = At(600, Throttling::kYes)};
  EXPECT_THAT(Judge(2, {bad, bad, bad, bad, bad, bad}),
              ElementsAre(kThrottled, kThrottled, kThrottled, kThrottled));
  EXPECT_EQ(num_steady_, 0u);
}

TEST_F(SampleJudgeTest, RoomBoundsEverything) {
  room_.resize(2);
  EXPECT_THAT(Judge(1000, {TimedSample(), TimedSample(), TimedSample()}),
              ElementsAre(kSteady, kSteady));
}

}  // namespace
}  // namespace tunefarm::device_agent
