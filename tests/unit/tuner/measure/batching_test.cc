#include "tuner/measure/batching.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tunefarm::tuner {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

std::vector<WaitingCandidate> Waiting(size_t count, size_t bytes = 1) {
  return std::vector<WaitingCandidate>(count, {"task", bytes});
}

TEST(BatchingTest, IdleDeviceGetsASingleCandidateAtOnce) {
  EXPECT_THAT(ChooseBatch(Waiting(1), {.num_devices = 1, .outstanding = 0}), ElementsAre(0));
}

TEST(BatchingTest, NextBatchIsSentWhenTheLastCandidateOfTheDeviceRuns) {
  EXPECT_THAT(ChooseBatch(Waiting(2), {.num_devices = 1, .outstanding = 1}), ElementsAre(0, 1));
}

TEST(BatchingTest, CandidatesGatherWhileTheDeviceIsBusy) {
  EXPECT_THAT(ChooseBatch(Waiting(7), {.num_devices = 1, .outstanding = 2}), IsEmpty());
}

TEST(BatchingTest, FullBatchIsSentToABusyDevice) {
  EXPECT_THAT(ChooseBatch(Waiting(9), {.num_devices = 1, .outstanding = 5}), SizeIs(8));
}

TEST(BatchingTest, DeviceWithTwoBatchesGetsNoThird) {
  EXPECT_THAT(ChooseBatch(Waiting(9), {.num_devices = 1, .outstanding = 16}), IsEmpty());
}

TEST(BatchingTest, MoreDevicesRunDrySooner) {
  EXPECT_THAT(ChooseBatch(Waiting(1), {.num_devices = 3, .outstanding = 3}), ElementsAre(0));
}

TEST(BatchingTest, UnknownNumberOfDevicesCountsAsOne) {
  EXPECT_THAT(ChooseBatch(Waiting(1), {.num_devices = 0, .outstanding = 0}), ElementsAre(0));
}

TEST(BatchingTest, OnlyCandidatesOfTheOldestKeyTravelTogether) {
  const std::vector<WaitingCandidate> waiting = {{"a", 1}, {"b", 1}, {"a", 1}};
  EXPECT_THAT(ChooseBatch(waiting, {}), ElementsAre(0, 2));
}

TEST(BatchingTest, BatchStaysBelowItsBytes) {
  BatchLimits limits;
  limits.max_bytes = 25;
  EXPECT_THAT(ChooseBatch(Waiting(4, 10), {}, limits), ElementsAre(0, 1));
}

TEST(BatchingTest, SingleCandidateAboveTheBytesStillTravels) {
  BatchLimits limits;
  limits.max_bytes = 25;
  EXPECT_THAT(ChooseBatch(Waiting(2, 100), {}, limits), ElementsAre(0));
}

TEST(BatchingTest, NothingWaitingIsNoBatch) { EXPECT_THAT(ChooseBatch({}, {}), IsEmpty()); }

TEST(BatchingTest, DeviceThatWantsBatchesGetsFullOnes) {
  const FarmLoad load = {.num_devices = 1, .outstanding = 0, .batch = 3, .building = 2};
  EXPECT_THAT(ChooseBatch(Waiting(2), load), IsEmpty());
  EXPECT_THAT(ChooseBatch(Waiting(4), load), ElementsAre(0, 1, 2));
}

TEST(BatchingTest, NothingIsGatheredForWhenNothingIsBuilt) {
  EXPECT_THAT(ChooseBatch(Waiting(2), {.num_devices = 1, .outstanding = 0, .batch = 3}),
              ElementsAre(0, 1));
  EXPECT_THAT(ChooseBatch(Waiting(2), {.num_devices = 1, .outstanding = 2, .batch = 3}), IsEmpty());
}

TEST(BatchingTest, BatchesAreKeptAtHandWhole) { EXPECT_EQ(WantedInFlight(2, 1, 16), 36); }

TEST(BatchingTest, EachBuilderAndDeviceHasOneAtHandAndTheNext) {
  EXPECT_EQ(WantedInFlight(1, 1), 4);
  EXPECT_EQ(WantedInFlight(3, 2), 10);
  EXPECT_EQ(WantedInFlight(1, 0), 4);
}

}  // namespace
}  // namespace tunefarm::tuner
