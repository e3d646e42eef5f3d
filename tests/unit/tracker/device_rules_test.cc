// The tracker core's rules about devices: who is connected, silent, draining, taken over.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/tracker/core_harness.h"

namespace tunefarm::tracker {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST(DeviceRulesTest, LeaseOfSilentAgentExpires) {
  CoreHarness harness;
  const SessionId session = harness.Hello("pi-1");
  harness.Pass(absl::Seconds(6));  // Three intervals: still alive.
  EXPECT_THAT(harness.Last<CloseAgent>(), IsEmpty());
  harness.Pass(absl::Seconds(1));
  const CloseAgent close = harness.Only<CloseAgent>();
  EXPECT_EQ(close.session, session);
  EXPECT_EQ(close.why.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(close.why.message()), HasSubstr("pi-1 counts as lost: silent for 7s"));
  EXPECT_EQ(harness.Row("pi-1").status, DeviceStatus::kLost);
}

TEST(DeviceRulesTest, AgentThatSpeaksIsNotLost) {
  CoreHarness harness;
  const SessionId session = harness.Hello("pi-1");
  harness.Pass(absl::Minutes(5), {session});
  EXPECT_THAT(harness.Last<CloseAgent>(), IsEmpty());
  EXPECT_EQ(harness.Row("pi-1").connected, absl::Minutes(5));
}

TEST(DeviceRulesTest, TrackerThatDidNotRunItselfTakesNobodyForSilent) {
  CoreHarness harness;
  harness.Hello("pi-1");
  harness.Pass(absl::Seconds(2));
  // Stopped for an hour; the agents' heartbeats of that time still wait in the sockets.
  harness.now() += absl::Hours(1);
  harness.actions().clear();
  harness.core().OnTick(harness.now(), &harness.actions());
  EXPECT_THAT(harness.Last<CloseAgent>(), IsEmpty());
  harness.Pass(absl::Seconds(10));
  EXPECT_THAT(harness.Last<CloseAgent>(), SizeIs(1));
}

TEST(DeviceRulesTest, NameOfALiveDeviceIsRefusedToAnotherAgentProcess) {
  CoreHarness harness;
  harness.Hello("pi-1", "instance-a");
  EXPECT_EQ(harness.HelloAs(CoreHarness::Info("pi-1"), "instance-b").status().code(),
            absl::StatusCode::kAlreadyExists);
  EXPECT_THAT(harness.actions(), IsEmpty());
}

TEST(DeviceRulesTest, AgentsWithoutAnInstanceIdNeverTakeOver) {
  CoreHarness harness;
  harness.Hello("pi-1", "");
  EXPECT_EQ(harness.HelloAs(CoreHarness::Info("pi-1"), "").status().code(),
            absl::StatusCode::kAlreadyExists);
}

TEST(DeviceRulesTest, NameOfALostDeviceIsFree) {
  CoreHarness harness;
  const SessionId old = harness.Hello("pi-1", "instance-a");
  harness.Gone(old);
  const SessionId fresh = harness.Hello("pi-1", "instance-b");
  EXPECT_GT(fresh, old);
  EXPECT_EQ(harness.Row("pi-1").status, DeviceStatus::kIdle);
}

TEST(DeviceRulesTest, SameAgentProcessTakesOverItsHalfOpenConnection) {
  CoreHarness harness;
  const SessionId old = harness.Hello("pi-1", "instance-a");
  harness.Submit(CoreHarness::Spec(1));
  const SendAssignment before = harness.Only<SendAssignment>();

  const SessionId fresh = harness.Hello("pi-1", "instance-a", {before.assignment_id});
  EXPECT_EQ(harness.Only<CloseAgent>().session, old);
  EXPECT_EQ(harness.Only<SendCancel>().assignment_id, before.assignment_id);
  EXPECT_EQ(harness.Only<SendCancel>().session, fresh);
  const SendAssignment after = harness.Only<SendAssignment>();
  EXPECT_EQ(after.session, fresh);
  EXPECT_GT(after.epoch, before.epoch);
  EXPECT_GT(after.assignment_id, before.assignment_id);

  // What the old connection still delivers counts no more.
  harness.Finish(before, 100);
  EXPECT_THAT(harness.actions(), IsEmpty());
  harness.Finish(after, 100);
  EXPECT_THAT(harness.Last<ForwardResult>(), SizeIs(1));
}

TEST(DeviceRulesTest, AssignmentsOfAFormerTrackerAreCancelled) {
  TrackerPolicy policy;
  policy.first_epoch = 1000;
  CoreHarness harness(policy);
  const SessionId session = harness.Hello("pi-1", "instance-a", {17, 18});
  EXPECT_GE(session, 1000u);
  const std::vector<SendCancel> cancels = harness.Last<SendCancel>();
  ASSERT_THAT(cancels, SizeIs(2));
  EXPECT_EQ(cancels[0].assignment_id, 17u);
  EXPECT_EQ(cancels[1].assignment_id, 18u);
  // The restarted tracker's own ids are beyond those, so nothing is mistaken for them.
  harness.Submit(CoreHarness::Spec(1));
  EXPECT_GE(harness.Only<SendAssignment>().assignment_id, 1000u);
}

TEST(DeviceRulesTest, DeviceWithoutNameOrTripleIsRefused) {
  CoreHarness harness;
  DeviceInfo info = CoreHarness::Info("pi-1");
  info.triple.clear();
  EXPECT_EQ(harness.HelloAs(info).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(harness.HelloAs(CoreHarness::Info("")).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(DeviceRulesTest, DrainedDeviceFinishesItsWorkAndGetsNoMore) {
  CoreHarness harness;
  const SessionId session = harness.Hello("pi-1");
  harness.Submit(CoreHarness::Spec(24));  // Two batches of eight go out, eight wait.
  const std::vector<SendAssignment> running = harness.Last<SendAssignment>();
  ASSERT_THAT(running, SizeIs(2));

  harness.actions().clear();
  ASSERT_TRUE(
      harness.core().OnDrain(harness.now(), "pi-1", "fan is loud", &harness.actions()).ok());
  EXPECT_EQ(harness.Only<SendDrain>().session, session);
  EXPECT_EQ(harness.Only<SendDrain>().reason, "fan is loud");
  EXPECT_EQ(harness.Row("pi-1").status, DeviceStatus::kDraining);
  EXPECT_EQ(harness.Row("pi-1").reason, "fan is loud");

  for (const SendAssignment& assignment : running) {
    harness.FinishAll(assignment);
    EXPECT_THAT(harness.Last<ForwardResult>(), SizeIs(8));
    EXPECT_THAT(harness.Last<SendAssignment>(), IsEmpty());
  }
}

TEST(DeviceRulesTest, DrainedDeviceStaysDrainedUntilItsAgentIsStartedAnew) {
  CoreHarness harness;
  SessionId session = harness.Hello("pi-1", "instance-a");
  ASSERT_TRUE(harness.core().OnDrain(harness.now(), "pi-1", "repair", &harness.actions()).ok());
  harness.Gone(session);
  session = harness.Hello("pi-1", "instance-a");
  EXPECT_EQ(harness.Only<SendDrain>().reason, "repair");
  harness.Gone(session);
  harness.Hello("pi-1", "instance-b");
  EXPECT_THAT(harness.Last<SendDrain>(), IsEmpty());
  EXPECT_EQ(harness.Row("pi-1").status, DeviceStatus::kIdle);
}

TEST(DeviceRulesTest, UndrainedDeviceGetsWorkAgain) {
  CoreHarness harness;
  const SessionId session = harness.Hello("pi-1", "process-1");
  ASSERT_TRUE(harness.core().OnDrain(harness.now(), "pi-1", "repair", &harness.actions()).ok());
  harness.Submit(CoreHarness::Spec(1));
  EXPECT_THAT(harness.Last<SendAssignment>(), IsEmpty());
  harness.actions().clear();
  ASSERT_TRUE(harness.core().OnUndrain(harness.now(), "pi-1", &harness.actions()).ok());
  EXPECT_EQ(harness.Only<SendAssignment>().session, session);
  EXPECT_EQ(harness.Row("pi-1").reason, "");
  EXPECT_EQ(harness.core().OnUndrain(harness.now(), "pi-1", &harness.actions()).code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(harness.core().OnUndrain(harness.now(), "nobody", &harness.actions()).code(),
            absl::StatusCode::kNotFound);
}

TEST(DeviceRulesTest, DeviceThatWaitsForItsBoardToCoolIsNotStuck) {
  CoreHarness harness;
  const SessionId session = harness.Hello("pi-1");
  SubmissionSpec spec = CoreHarness::Spec(1);
  spec.candidate_timeout = absl::Seconds(10);
  harness.Submit(spec);
  DeviceState state;
  state.holding = true;
  for (int i = 0; i < 120; ++i) {
    harness.now() += absl::Seconds(1);
    harness.core().OnHeartbeat(harness.now(), session, state);
    harness.core().OnTick(harness.now(), &harness.actions());
  }
  EXPECT_EQ(harness.Row("pi-1").status, DeviceStatus::kBusy);
  harness.Pass(absl::Minutes(2), {session});
  EXPECT_EQ(harness.Row("pi-1").status, DeviceStatus::kLost) << "stuck, once it no longer waits";
}

TEST(DeviceRulesTest, DrainingAnUnknownOrLostDeviceIsNotFound) {
  CoreHarness harness;
  harness.Gone(harness.Hello("pi-1"));
  for (const char* name : {"pi-1", "pi-2"}) {
    EXPECT_EQ(harness.core().OnDrain(harness.now(), name, "", &harness.actions()).code(),
              absl::StatusCode::kNotFound);
  }
}

TEST(DeviceRulesTest, UtilisationCountsTheTimeWithAnAssignment) {
  CoreHarness harness;
  harness.Hello("pi-1");
  harness.now() += absl::Seconds(1);
  harness.Submit(CoreHarness::Spec(1));
  const SendAssignment assignment = harness.Only<SendAssignment>();
  EXPECT_EQ(harness.Row("pi-1").status, DeviceStatus::kBusy);
  harness.now() += absl::Seconds(2);
  EXPECT_EQ(harness.Row("pi-1").busy, absl::Seconds(2));
  harness.FinishAll(assignment);
  harness.now() += absl::Seconds(1);
  EXPECT_EQ(harness.Row("pi-1").status, DeviceStatus::kIdle);
  EXPECT_EQ(harness.Row("pi-1").busy, absl::Seconds(2));
  EXPECT_EQ(harness.Row("pi-1").connected, absl::Seconds(4));
  EXPECT_EQ(harness.Row("pi-1").num_results, 1u);
}

TEST(DeviceRulesTest, LostDeviceLeavesTheListAfterADay) {
  CoreHarness harness;
  harness.Gone(harness.Hello("pi-1"));
  harness.Pass(absl::Hours(23));
  EXPECT_THAT(harness.core().Devices(harness.now()), SizeIs(1));
  harness.Pass(absl::Hours(1));
  EXPECT_THAT(harness.core().Devices(harness.now()), IsEmpty());
}

}  // namespace
}  // namespace tunefarm::tracker
