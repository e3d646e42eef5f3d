// A kernel that took a board down goes to no board of that kind again without consent.
#include "tracker/quarantine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "tests/unit/tracker/core_harness.h"

namespace tunefarm::tracker {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr char kKind[] = "stm32f746";

class QuarantineTest : public ::testing::Test {
 protected:
  // Candidates 100, 101, ... with these kernels.
  static SubmissionSpec Kernels(const std::vector<std::string>& digests) {
    SubmissionSpec spec = CoreHarness::Spec(digests.size());
    for (size_t i = 0; i < digests.size(); ++i) spec.digests[100 + i] = digests[i];
    return spec;
  }
  // The first candidate of the assignment takes its board down.
  void TakeDown(const SendAssignment& sent) {
    harness_.Result(sent.session, {sent.assignment_id, sent.epoch, sent.candidates.front(), false,
                                   "took the board down: hung", "hung"});
  }
  // `name`, of the kind, loses its board to kernel "bad".
  SessionId LoseBoardToBad(const std::string& name) {
    const SessionId session = harness_.HelloOfBoard(name, kKind);
    harness_.Submit(Kernels({"bad"}));
    TakeDown(harness_.Only<SendAssignment>());
    EXPECT_THAT(harness_.Last<ForwardResult>(), SizeIs(1)) << "it is that candidate's outcome";
    return session;
  }

  CoreHarness harness_;
};

TEST_F(QuarantineTest, KernelThatTookABoardDownIsNotSentToAnotherOfItsKind) {
  harness_.Gone(LoseBoardToBad("board-1"));
  harness_.HelloOfBoard("board-2", kKind);
  const SubmissionId again = harness_.Submit(Kernels({"bad"}));
  EXPECT_THAT(harness_.Last<SendAssignment>(), IsEmpty());
  const auto refused = harness_.Only<EndAsQuarantined>();
  EXPECT_EQ(refused.submission, again);
  EXPECT_EQ(refused.candidate, 100u);
  EXPECT_EQ(refused.why,
            "this kernel took a stm32f746 down before (hung); it goes to one again only where the "
            "agent is started with --run-quarantined");
  EXPECT_THAT(harness_.Last<EndSubmission>(), SizeIs(1));
}

TEST_F(QuarantineTest, KernelThatOnlyADeviceToAvoidMayHaveEndsInsteadOfWaiting) {
  LoseBoardToBad("board-1");
  harness_.HelloOfBoard("other", "stm32f405");
  SubmissionSpec spec = Kernels({"bad"});
  spec.requirement.avoid_names = {"other"};
  harness_.Submit(spec);
  EXPECT_THAT(harness_.Last<SendAssignment>(), IsEmpty());
  EXPECT_THAT(harness_.Last<EndAsQuarantined>(), SizeIs(1));
  EXPECT_THAT(harness_.Last<EndSubmission>(), SizeIs(1));
}

TEST_F(QuarantineTest, OthersOfItsBatchAreSentWithoutIt) {
  LoseBoardToBad("board-1");
  harness_.Submit(Kernels({"good", "bad", "fine"}));
  EXPECT_THAT(harness_.Only<SendAssignment>().candidates, ElementsAre(100, 102));
  EXPECT_EQ(harness_.Only<EndAsQuarantined>().candidate, 101u);
}

TEST_F(QuarantineTest, BoardsOfOtherKindsAndMachinesGetIt) {
  LoseBoardToBad("board-1");
  harness_.HelloOfBoard("other", "nucleo-f446re");
  harness_.Submit(Kernels({"bad"}));
  EXPECT_EQ(harness_.Only<SendAssignment>().session, harness_.core().LiveSession("other"));
}

TEST_F(QuarantineTest, ItWaitsForABusyDeviceThatMayHaveIt) {
  LoseBoardToBad("board-1");
  const SessionId other = harness_.HelloOfBoard("other", "nucleo-f446re");
  harness_.Submit(CoreHarness::Spec(40));  // More than the two devices hold.
  std::vector<SendAssignment> sent = harness_.Last<SendAssignment>();
  harness_.Submit(Kernels({"bad"}));
  for (size_t i = 0; i < sent.size(); ++i) {
    harness_.FinishAll(sent[i]);
    EXPECT_THAT(harness_.Last<EndAsQuarantined>(), IsEmpty());
    for (SendAssignment& next : harness_.Last<SendAssignment>()) sent.push_back(std::move(next));
  }
  EXPECT_EQ(sent.back().session, other);
  EXPECT_THAT(sent.back().candidates, ElementsAre(100));
}

TEST_F(QuarantineTest, AgentThatConsentsGetsIt) {
  LoseBoardToBad("board-1");
  const SessionId session = harness_.HelloOfBoard("brave", kKind, {}, /*runs_quarantined=*/true);
  harness_.Submit(Kernels({"bad"}));
  EXPECT_EQ(harness_.Only<SendAssignment>().session, session);
}

TEST_F(QuarantineTest, EveryAgentOfTheKindIsToldOnce) {
  const SessionId second = harness_.HelloOfBoard("board-2", kKind);
  harness_.HelloOfBoard("other", "nucleo-f446re");
  harness_.core().OnDrain(harness_.now(), "board-2", "test", &harness_.actions()).IgnoreError();
  harness_.core().OnDrain(harness_.now(), "other", "test", &harness_.actions()).IgnoreError();
  LoseBoardToBad("board-1");
  const auto told = harness_.Only<SendQuarantine>();
  EXPECT_EQ(told.session, second);
  ASSERT_THAT(told.kernels, SizeIs(1));
  EXPECT_EQ(told.kernels[0].digest, "bad");
  EXPECT_EQ(told.kernels[0].reason, "hung");
}

TEST_F(QuarantineTest, RestartedTrackerLearnsItFromAnyAgentThatKnows) {
  // A new tracker; board-2 was told by the last one what board-1 learnt.
  const SessionId first = harness_.HelloOfBoard("board-3", kKind, {{"worse", "faulted"}});
  EXPECT_THAT(harness_.Last<SendQuarantine>(), IsEmpty()) << "it said all that is known";
  const SessionId second = harness_.HelloOfBoard("board-2", kKind, {{"bad", "hung"}});
  const auto told = harness_.Last<SendQuarantine>();
  ASSERT_THAT(told, SizeIs(2));
  EXPECT_EQ(told[0].session, first);
  EXPECT_EQ(told[0].kernels.at(0).digest, "bad");
  EXPECT_EQ(told[1].session, second);
  EXPECT_EQ(told[1].kernels.at(0).digest, "worse");
  harness_.Submit(Kernels({"bad", "worse"}));
  EXPECT_THAT(harness_.Last<EndAsQuarantined>(), SizeIs(2));
  EXPECT_THAT(harness_.Last<SendAssignment>(), IsEmpty());
}

TEST_F(QuarantineTest, SuspectWhoseKernelIsBarredMeanwhileIsNotSentAgain) {
  const SessionId first = harness_.HelloOfBoard("board-1", kKind);
  const SessionId second = harness_.HelloOfBoard("board-2", kKind);
  harness_.Submit(Kernels({"bad"}));
  harness_.Submit(Kernels({"bad"}));
  const std::vector<SendAssignment> sent = harness_.Last<SendAssignment>();
  ASSERT_EQ(sent.size(), 1u);
  harness_.Gone(sent[0].session == first ? second : first);
  harness_.Result(sent[0].session, {sent[0].assignment_id, sent[0].epoch, 100, true, "gone"});
  // The suspect of one submission and the fresh candidate of the other, in turn, alone.
  TakeDown(harness_.Only<SendAssignment>());
  EXPECT_THAT(harness_.Last<EndAsQuarantined>(), SizeIs(1));
  EXPECT_THAT(harness_.Last<SendAssignment>(), IsEmpty());
  EXPECT_THAT(harness_.Last<EndSubmission>(), SizeIs(2));
  EXPECT_EQ(harness_.core().num_queued(), 0u);
}

TEST_F(QuarantineTest, SuspectGoesBackToItsDeviceWhereAllOthersAreBarred) {
  LoseBoardToBad("board-1");
  harness_.HelloOfBoard("other", "nucleo-f446re");
  harness_.Submit(Kernels({"bad"}));
  const auto sent = harness_.Only<SendAssignment>();
  harness_.Result(sent.session, {sent.assignment_id, sent.epoch, 100, true, "probe unplugged"});
  EXPECT_EQ(harness_.Only<SendAssignment>().session, sent.session);
}

TEST_F(QuarantineTest, KernelWithoutADigestIsNeverBarred) {
  harness_.HelloOfBoard("board-1", kKind);
  harness_.Submit(CoreHarness::Spec(1));
  TakeDown(harness_.Only<SendAssignment>());
  harness_.Submit(CoreHarness::Spec(1));
  EXPECT_THAT(harness_.Last<SendAssignment>(), SizeIs(1));
}

TEST(QuarantineBookTest, FirstReasonStaysAndDevicesWithoutAKindAreFree) {
  Quarantine quarantine;
  EXPECT_TRUE(quarantine.Add(kKind, {"bad", "hung"}));
  EXPECT_FALSE(quarantine.Add(kKind, {"bad", "faulted"}));
  EXPECT_FALSE(quarantine.Add("", {"bad", "hung"}));
  DeviceInfo device;
  EXPECT_EQ(quarantine.WhyBarred(device, "bad"), "");
  device.tags["board"] = kKind;
  EXPECT_THAT(quarantine.WhyBarred(device, "bad"), HasSubstr("(hung)"));
}

TEST_F(QuarantineTest, EveryBoardOfTheKindIsListedWithIt) {
  LoseBoardToBad("board-1");
  harness_.HelloOfBoard("board-2", kKind);
  harness_.HelloOfBoard("other", "stm32f405");
  std::map<std::string, size_t> listed;
  for (const DeviceRow& row : harness_.core().Devices(harness_.now())) {
    listed[row.info.name] = row.quarantined.size();
    if (!row.quarantined.empty()) {
      EXPECT_EQ(row.quarantined[0].digest, "bad");
      EXPECT_EQ(row.quarantined[0].reason, "hung");
    }
  }
  EXPECT_EQ(listed, (std::map<std::string, size_t>{{"board-1", 1}, {"board-2", 1}, {"other", 0}}));
}

}  // namespace
}  // namespace tunefarm::tracker
