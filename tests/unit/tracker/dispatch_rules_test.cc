// The tracker core's rules about work: who gets what, what happens to work that is lost, and what a
// client is told.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/tracker/core_harness.h"

namespace tunefarm::tracker {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST(DispatchRulesTest, CandidatesTravelInBatchesTwoOfThemAtOnce) {
  CoreHarness harness;
  const SessionId session = harness.Hello("pi-1");
  harness.Submit(CoreHarness::Spec(20));
  const std::vector<SendAssignment> sent = harness.Last<SendAssignment>();
  ASSERT_THAT(sent, SizeIs(2));
  EXPECT_EQ(sent[0].session, session);
  EXPECT_THAT(sent[0].candidates, ElementsAre(100, 101, 102, 103, 104, 105, 106, 107));
  EXPECT_THAT(sent[1].candidates, SizeIs(8));
  EXPECT_GT(sent[1].assignment_id, sent[0].assignment_id);
  EXPECT_GT(sent[1].epoch, sent[0].epoch);
  harness.FinishAll(sent[0]);
  EXPECT_THAT(harness.Only<SendAssignment>().candidates, ElementsAre(116, 117, 118, 119));
}

TEST(DispatchRulesTest, ShortQueueIsSpreadOverAllDevices) {
  CoreHarness harness;
  for (const char* name : {"a", "b", "c"}) harness.Hello(name);
  harness.Submit(CoreHarness::Spec(6));
  const std::vector<SendAssignment> sent = harness.Last<SendAssignment>();
  std::map<SessionId, size_t> per_device;
  for (const SendAssignment& assignment : sent) {
    per_device[assignment.session] += assignment.candidates.size();
  }
  ASSERT_THAT(per_device, SizeIs(3));
  for (const auto& [session, count] : per_device) EXPECT_LE(count, 3u);
}

TEST(DispatchRulesTest, SubmissionEndsWithItsLastCandidate) {
  CoreHarness harness;
  harness.Hello("pi-1");
  const SubmissionId submission = harness.Submit(CoreHarness::Spec(2));
  const SendAssignment sent = harness.Only<SendAssignment>();
  harness.Finish(sent, 101);
  EXPECT_EQ(harness.Only<ForwardResult>().candidate, 101u);
  EXPECT_EQ(harness.Only<ForwardResult>().device, "pi-1");
  EXPECT_THAT(harness.Last<EndSubmission>(), IsEmpty());
  harness.Finish(sent, 100);
  EXPECT_EQ(harness.Only<EndSubmission>().submission, submission);
}

TEST(DispatchRulesTest, StaleEpochResultIsDropped) {
  CoreHarness harness;
  const SessionId session = harness.Hello("pi-1");
  harness.Submit(CoreHarness::Spec(1));
  const SendAssignment sent = harness.Only<SendAssignment>();
  harness.Result(session, {sent.assignment_id, sent.epoch - 1, 100, false, ""});
  EXPECT_THAT(harness.actions(), IsEmpty());
  harness.Result(session, {sent.assignment_id + 1, sent.epoch, 100, false, ""});
  EXPECT_THAT(harness.actions(), IsEmpty());
  harness.Result(session, {sent.assignment_id, sent.epoch, 999, false, ""});
  EXPECT_THAT(harness.actions(), IsEmpty());
  EXPECT_EQ(harness.core().num_stale_results(), 3u);
  harness.Finish(sent, 100);
  EXPECT_THAT(harness.Last<ForwardResult>(), SizeIs(1));
}

TEST(DispatchRulesTest, SecondResultOfACandidateIsDropped) {
  CoreHarness harness;
  harness.Hello("pi-1");
  harness.Submit(CoreHarness::Spec(2));
  const SendAssignment sent = harness.Only<SendAssignment>();
  harness.Finish(sent, 100);
  harness.Finish(sent, 100);
  EXPECT_THAT(harness.actions(), IsEmpty());
}

TEST(DispatchRulesTest, ResultFromAnotherSessionIsDropped) {
  CoreHarness harness;
  harness.Hello("pi-1");
  harness.Submit(CoreHarness::Spec(1));
  const SendAssignment sent = harness.Only<SendAssignment>();
  const SessionId stranger = harness.Hello("pi-2");
  harness.Result(stranger, {sent.assignment_id, sent.epoch, 100, false, ""});
  EXPECT_THAT(harness.actions(), IsEmpty());
}

TEST(DispatchRulesTest, WorkOfLostAgentIsGivenToAnother) {
  CoreHarness harness;
  const SessionId first = harness.Hello("pi-1");
  harness.Submit(CoreHarness::Spec(2));
  const SendAssignment lost = harness.Only<SendAssignment>();
  harness.Finish(lost, 100);
  const SessionId second = harness.Hello("pi-2");
  harness.Gone(first);
  const SendAssignment again = harness.Only<SendAssignment>();
  EXPECT_EQ(again.session, second);
  EXPECT_THAT(again.candidates, ElementsAre(101));  // The finished one is not measured twice.
  // The old agent's late answer is behind the fence.
  harness.Finish(lost, 101);
  EXPECT_THAT(harness.actions(), IsEmpty());
  harness.Finish(again, 101);
  EXPECT_THAT(harness.Last<EndSubmission>(), SizeIs(1));
}

TEST(DispatchRulesTest, WorkOfSilentAgentIsGivenToAnother) {
  CoreHarness harness;
  harness.Hello("pi-1");
  harness.Submit(CoreHarness::Spec(1));
  const SessionId second = harness.Hello("pi-2");
  harness.Pass(absl::Seconds(8), {second});
  EXPECT_EQ(harness.Only<SendAssignment>().session, second);
}

TEST(DispatchRulesTest, StuckAgentThatOnlyHeartbeatsLosesItsWork) {
  CoreHarness harness;
  const SessionId stuck = harness.Hello("pi-1");
  SubmissionSpec spec = CoreHarness::Spec(2);
  spec.candidate_timeout = absl::Seconds(10);
  harness.Submit(std::move(spec));
  const SendAssignment sent = harness.Only<SendAssignment>();
  const SessionId second = harness.Hello("pi-2");
  harness.Pass(absl::Seconds(48), {stuck, second});  // 2 x 10 s + 30 s of grace are not over.
  EXPECT_THAT(harness.Last<CloseAgent>(), IsEmpty());
  harness.Finish(sent, 100);  // Progress starts the time anew: 10 s + 30 s.
  harness.Pass(absl::Seconds(40), {stuck, second});
  EXPECT_THAT(harness.Last<CloseAgent>(), IsEmpty());
  harness.Pass(absl::Seconds(2), {stuck, second});
  EXPECT_EQ(harness.Only<CloseAgent>().session, stuck);
  EXPECT_THAT(harness.Row("pi-1").reason, HasSubstr("alive, but without a result for 42s"));
  EXPECT_EQ(harness.Only<SendAssignment>().session, second);
}

TEST(DispatchRulesTest, CandidateThatLosesThreeAgentsEndsAsDeviceLost) {
  CoreHarness harness;
  const SubmissionId submission = harness.Submit(CoreHarness::Spec(1));
  for (const char* name : {"pi-1", "pi-2", "pi-3"}) {
    const SessionId session = harness.Hello(name);
    ASSERT_EQ(harness.Only<SendAssignment>().session, session);
    harness.Gone(session);
  }
  const EndAsDeviceLost end = harness.Only<EndAsDeviceLost>();
  EXPECT_EQ(end.submission, submission);
  EXPECT_EQ(end.candidate, 100u);
  EXPECT_EQ(end.device, "pi-3");
  EXPECT_EQ(end.history,
            "lost its device in each of 3 attempts; attempt 1 on pi-1: its stream closed; "
            "attempt 2 on pi-2: its stream closed; attempt 3 on pi-3: its stream closed");
  EXPECT_THAT(harness.Last<EndSubmission>(), SizeIs(1));
}

TEST(DispatchRulesTest, MaxAttemptsOfTheSubmissionCounts) {
  CoreHarness harness;
  SubmissionSpec spec = CoreHarness::Spec(1);
  spec.max_attempts = 1;
  harness.Submit(std::move(spec));
  harness.Gone(harness.Hello("pi-1"));
  EXPECT_THAT(harness.Last<EndAsDeviceLost>(), SizeIs(1));
}

TEST(DispatchRulesTest, LostBoardBehindALiveAgentIsALostAttempt) {
  CoreHarness harness;
  const SessionId bridge = harness.Hello("stm32-1");
  harness.Submit(CoreHarness::Spec(1));
  const SendAssignment sent = harness.Only<SendAssignment>();
  const SessionId other = harness.Hello("stm32-2");
  harness.Result(bridge, {sent.assignment_id, sent.epoch, 100, true, "probe unplugged"});
  EXPECT_THAT(harness.Last<ForwardResult>(), IsEmpty());
  // Its agent is alive, but the candidate prefers a device that it has not lost.
  EXPECT_EQ(harness.Only<SendAssignment>().session, other);
}

TEST(DispatchRulesTest, SuspectReturnsToItsDeviceWhenThereIsNoOther) {
  CoreHarness harness;
  const SessionId bridge = harness.Hello("stm32-1");
  harness.Submit(CoreHarness::Spec(1));
  for (int attempt = 1; attempt <= 3; ++attempt) {
    const SendAssignment sent = harness.Only<SendAssignment>();
    harness.Result(bridge, {sent.assignment_id, sent.epoch, 100, true, "probe unplugged"});
  }
  EXPECT_THAT(harness.Only<EndAsDeviceLost>().history,
              HasSubstr("attempt 3 on stm32-1: probe unplugged"));
}

// One candidate kills every agent that runs it; the other 39 are innocent and must all be measured.
TEST(DispatchRulesTest, CrashLoopOfOneCandidateTakesNoOtherWithIt) {
  constexpr CandidateId kPoison = 113;
  CoreHarness harness;
  SessionId session = harness.Hello("pi-1");
  const SubmissionId submission = harness.Submit(CoreHarness::Spec(40));
  std::vector<SendAssignment> running = harness.Last<SendAssignment>();
  std::vector<ForwardResult> results;
  std::vector<EndAsDeviceLost> lost;
  bool ended = false;
  const auto collect = [&] {
    for (const SendAssignment& sent : harness.Last<SendAssignment>()) running.push_back(sent);
    for (const ForwardResult& result : harness.Last<ForwardResult>()) results.push_back(result);
    for (const EndAsDeviceLost& end : harness.Last<EndAsDeviceLost>()) lost.push_back(end);
    ended = ended || !harness.Last<EndSubmission>().empty();
  };
  while (!running.empty()) {
    const SendAssignment sent = running.front();
    running.erase(running.begin());
    for (const CandidateId candidate : sent.candidates) {
      if (candidate == kPoison) {
        running.clear();
        harness.Gone(session);
        collect();
        session = harness.Hello("pi-1");
        collect();
        break;
      }
      harness.Finish(sent, candidate);
      collect();
    }
  }
  EXPECT_TRUE(ended);
  EXPECT_THAT(results, SizeIs(39));
  ASSERT_THAT(lost, SizeIs(1));
  EXPECT_EQ(lost[0].candidate, kPoison);
  EXPECT_EQ(lost[0].submission, submission);
}

TEST(DispatchRulesTest, SuspectTravelsAlone) {
  CoreHarness harness;
  const SessionId first = harness.Hello("pi-1");
  harness.Submit(CoreHarness::Spec(1, "suspect"));
  harness.Hello("pi-2");
  SubmissionSpec spec = CoreHarness::Spec(30, "bulk");
  spec.requirement.name = "pi-2";
  harness.Submit(std::move(spec));
  const std::vector<SendAssignment> bulk = harness.Last<SendAssignment>();
  ASSERT_THAT(bulk, SizeIs(2));
  harness.Gone(first);
  EXPECT_THAT(harness.Last<SendAssignment>(), IsEmpty());
  harness.FinishAll(bulk[0]);
  EXPECT_THAT(harness.Last<SendAssignment>(), IsEmpty());  // pi-2 is to run dry first.
  harness.FinishAll(bulk[1]);
  const SendAssignment alone = harness.Only<SendAssignment>();
  EXPECT_EQ(alone.submission, 1u);
  harness.FinishAll(alone);
  EXPECT_THAT(harness.Last<SendAssignment>(), SizeIs(2));  // Then the pipeline fills again.
}

TEST(DispatchRulesTest, CancelledSubmissionLeavesTheQueue) {
  CoreHarness harness;
  const SessionId session = harness.Hello("pi-1");
  const SubmissionId submission = harness.Submit(CoreHarness::Spec(100));
  const std::vector<SendAssignment> running = harness.Last<SendAssignment>();
  ASSERT_THAT(running, SizeIs(2));
  harness.Submit(CoreHarness::Spec(1, "alice"));
  harness.Cancel(submission);
  EXPECT_THAT(harness.Last<SendCancel>(), SizeIs(2));
  // The device is free for what is still wanted.
  EXPECT_THAT(harness.Only<SendAssignment>().candidates, SizeIs(1));
  EXPECT_EQ(harness.Only<SendAssignment>().session, session);
  EXPECT_EQ(harness.core().num_queued(), 0u);
  // Results that were already on their way are nobody's.
  harness.Finish(running[0], 100);
  EXPECT_THAT(harness.actions(), IsEmpty());
}

TEST(DispatchRulesTest, CancellingTwiceOrTheUnknownDoesNothing) {
  CoreHarness harness;
  const SubmissionId submission = harness.Submit(CoreHarness::Spec(1));
  harness.Cancel(submission);
  harness.Cancel(submission);
  EXPECT_THAT(harness.actions(), IsEmpty());
  harness.Cancel(4711);
  EXPECT_THAT(harness.actions(), IsEmpty());
}

TEST(DispatchRulesTest, OwnersShareADeviceFairly) {
  TrackerPolicy policy;
  policy.max_batch = 1;
  CoreHarness harness(policy);
  harness.Submit(CoreHarness::Spec(6, "alice"));
  harness.Submit(CoreHarness::Spec(3, "bob"));
  harness.Hello("pi-1");
  std::vector<SendAssignment> running = harness.Last<SendAssignment>();
  std::vector<SubmissionId> order;
  while (!running.empty()) {
    const SendAssignment sent = running.front();
    running.erase(running.begin());
    order.push_back(sent.submission);
    harness.FinishAll(sent);
    for (const SendAssignment& next : harness.Last<SendAssignment>()) running.push_back(next);
  }
  // One of each is in flight at any time, although alice came first with more.
  EXPECT_THAT(order, ElementsAre(1, 2, 1, 2, 1, 2, 1, 1, 1));
}

TEST(DispatchRulesTest, OneOwnersSubmissionsRunInTheOrderOfArrival) {
  TrackerPolicy policy;
  policy.max_in_flight = 1;
  CoreHarness harness(policy);
  const SubmissionId first = harness.Submit(CoreHarness::Spec(1));
  const SubmissionId second = harness.Submit(CoreHarness::Spec(1));
  harness.Hello("pi-1");
  EXPECT_EQ(harness.Only<SendAssignment>().submission, first);
  harness.FinishAll(harness.Only<SendAssignment>());
  EXPECT_EQ(harness.Only<SendAssignment>().submission, second);
}

TEST(DispatchRulesTest, SubmissionThatFitsNoDeviceHoldsUpNoOther) {
  CoreHarness harness;
  SubmissionSpec picky = CoreHarness::Spec(1);
  picky.requirement.features = {"avx512f"};
  harness.Submit(std::move(picky));
  const SubmissionId modest = harness.Submit(CoreHarness::Spec(1));
  harness.Hello("pi-1");
  EXPECT_EQ(harness.Only<SendAssignment>().submission, modest);
}

TEST(DispatchRulesTest, UnplaceableSubmissionSaysWhy) {
  CoreHarness harness;
  SubmissionSpec spec = CoreHarness::Spec(1);
  spec.requirement.features = {"avx2", "avx512f"};
  const SubmissionId submission = harness.Submit(std::move(spec));
  EXPECT_EQ(harness.Only<TellWaiting>().submission, submission);
  EXPECT_EQ(harness.Only<TellWaiting>().why, "no device is connected");
  harness.Hello("pi-1");
  EXPECT_EQ(harness.Only<TellWaiting>().why, "no connected device has avx512f; 1 device connected");
  const SessionId other = harness.Hello("pi-2");
  EXPECT_EQ(harness.Only<TellWaiting>().why,
            "no connected device has avx512f; 2 devices connected");
  harness.Gone(other);
  harness.HelloAs(CoreHarness::Info("big", {"avx2", "avx512f"})).value();
  EXPECT_THAT(harness.Last<TellWaiting>(), IsEmpty());
  EXPECT_THAT(harness.Last<SendAssignment>(), SizeIs(1));
}

TEST(DispatchRulesTest, ReasonForWaitingIsToldOnce) {
  CoreHarness harness;
  harness.Submit(CoreHarness::Spec(1, "alice"));
  harness.Submit(CoreHarness::Spec(1, "bob"));
  EXPECT_THAT(harness.Last<TellWaiting>(), SizeIs(1));  // Bob is told; alice has heard it.
}

TEST(DispatchRulesTest, ClientIsToldWhenItsLastDeviceDrains) {
  CoreHarness harness;
  const SessionId session = harness.Hello("pi-1");
  harness.actions().clear();
  ASSERT_TRUE(harness.core().OnDrain(harness.now(), "pi-1", "", &harness.actions()).ok());
  harness.Submit(CoreHarness::Spec(1));
  EXPECT_EQ(harness.Only<TellWaiting>().why, "every device that would do is draining; 1 connected");
  harness.Gone(session);
  EXPECT_EQ(harness.Only<TellWaiting>().why, "no device is connected");
}

TEST(DispatchRulesTest, MalformedSubmissionIsRefused) {
  CoreHarness harness;
  SubmissionSpec twice = CoreHarness::Spec(2);
  twice.candidates[1] = twice.candidates[0];
  SubmissionSpec never = CoreHarness::Spec(1);
  never.max_attempts = 0;
  for (const SubmissionSpec& spec : {CoreHarness::Spec(0), twice, never}) {
    EXPECT_EQ(harness.core().OnSubmit(harness.now(), spec, &harness.actions()).status().code(),
              absl::StatusCode::kInvalidArgument);
  }
}

TEST(DispatchRulesTest, FullQueueRefusesMore) {
  TrackerPolicy policy;
  policy.max_queued = 10;
  CoreHarness harness(policy);
  harness.Submit(CoreHarness::Spec(8));
  EXPECT_EQ(harness.core()
                .OnSubmit(harness.now(), CoreHarness::Spec(3), &harness.actions())
                .status()
                .code(),
            absl::StatusCode::kResourceExhausted);
  harness.Hello("pi-1");  // Takes them all: what runs does not count.
  harness.Submit(CoreHarness::Spec(10));
}

}  // namespace
}  // namespace tunefarm::tracker
