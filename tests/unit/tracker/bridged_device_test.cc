// The tracker core's rules about devices that are reached through a bridge: they may be there and
// unable to work, and they want large batches.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/tracker/core_harness.h"

namespace tunefarm::tracker {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST(BridgedDeviceTest, UnavailableDeviceGetsNoWorkUntilItIsBack) {
  CoreHarness harness;
  DeviceInfo info = CoreHarness::Info("board-1");
  info.unavailable = "no probe with serial 066E";
  const SessionId session = harness.HelloAs(info).value();
  harness.Submit(CoreHarness::Spec(1));
  EXPECT_THAT(harness.Last<SendAssignment>(), IsEmpty());
  EXPECT_EQ(harness.Only<TellWaiting>().why,
            "device board-1 is unavailable: no probe with serial 066E");
  harness.Availability(session, "");
  EXPECT_THAT(harness.Last<SendAssignment>(), SizeIs(1));
}

TEST(BridgedDeviceTest, WhatAnUnavailableDeviceLosesWaitsForAnother) {
  CoreHarness harness;
  const SessionId session = harness.Hello("board-1");
  harness.Submit(CoreHarness::Spec(1));
  const SendAssignment assignment = harness.Only<SendAssignment>();
  harness.Availability(session, "the probe is gone");
  harness.Result(session, {assignment.assignment_id, assignment.epoch, assignment.candidates[0],
                           true, "the probe is gone"});
  EXPECT_THAT(harness.Last<SendAssignment>(), IsEmpty());
  harness.Hello("board-2");
  EXPECT_THAT(harness.Last<SendAssignment>(), SizeIs(1));
}

TEST(BridgedDeviceTest, DeviceGetsTheBatchesItWants) {
  CoreHarness harness;
  DeviceInfo info = CoreHarness::Info("board-1");
  info.max_batch = 20;
  harness.HelloAs(info).value();
  harness.Submit(CoreHarness::Spec(30));
  ASSERT_THAT(harness.Last<SendAssignment>(), SizeIs(2));
  EXPECT_THAT(harness.Last<SendAssignment>()[0].candidates, SizeIs(20));
}

}  // namespace
}  // namespace tunefarm::tracker
