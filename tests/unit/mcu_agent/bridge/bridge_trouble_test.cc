// The bridge runner on a board that goes wrong: quarantine, broken links, lost firmware, power.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_format.h"
#include "base/rng.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/mcu_agent/bridge/bridge_runner_fixture.h"

namespace tunefarm::mcu_agent {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::tunefarm::testing::IsOk;
using ::tunefarm::testing::StatusIs;

TEST_F(BridgeRunnerTest, KernelThatTakesTheBoardDownIsQuarantined) {
  Add(FakeKernel::kRight);
  Add(FakeKernel::kStuck);
  Add(FakeKernel::kKillsFirmware);
  ASSERT_THAT(Run(), IsOk());
  EXPECT_THAT(Outcomes(), ElementsAre(v1::OUTCOME_OK, v1::OUTCOME_TIMEOUT, v1::OUTCOME_CRASHED));
  EXPECT_THAT(results_[2].error(), HasSubstr("took the board down"));
  EXPECT_THAT(control_.cures, Contains(Rung::kReset));

  // Another agent of such boards, with the same state folder.
  runner_.reset();
  const int calls_before = fake_.num_calls;
  ASSERT_THAT(Run(), IsOk());
  EXPECT_THAT(Outcomes(), ElementsAre(v1::OUTCOME_OK, v1::OUTCOME_CRASHED, v1::OUTCOME_CRASHED));
  EXPECT_THAT(results_[2].error(), HasSubstr("--run-quarantined"));
  EXPECT_EQ(fake_.num_calls, calls_before + 1);
}

TEST_F(BridgeRunnerTest, KernelThatTookTheBoardDownIsReportedAsThat) {
  Add(FakeKernel::kRight);
  Add(FakeKernel::kStuck);
  Add(FakeKernel::kFault);
  ASSERT_THAT(Run(), IsOk());
  EXPECT_EQ(results_[1].took_board_down(), "");
  EXPECT_THAT(results_[2].took_board_down(), HasSubstr("made no progress for"));
  EXPECT_EQ(results_[3].took_board_down(), "") << "a fault is caught: the board lives";
}

TEST_F(BridgeRunnerTest, KernelThatABoardDoesNotComeBackFromIsNotTriedOnAnother) {
  Add(FakeKernel::kRight, 1);
  Add(FakeKernel::kStuck);
  Add(FakeKernel::kRight, 2);
  ASSERT_THAT(runner().BringUp(), IsOk());
  fake_.breaks_for_good_when_stuck = true;
  EXPECT_THAT(Run(), StatusIs(absl::StatusCode::kUnavailable, HasSubstr("tried: halt and reset")));
  ASSERT_THAT(results_, SizeIs(1)) << "the others are lost with the board and run elsewhere";
  EXPECT_EQ(results_[2].outcome(), v1::OUTCOME_TIMEOUT);
  EXPECT_THAT(results_[2].took_board_down(), HasSubstr("made no progress for"));
  EXPECT_TRUE(quarantine_->Reason(board_.name, request_.candidates[1].kernel().digest()));
}

TEST_F(BridgeRunnerTest, QuarantinedKernelRunsWithConsent) {
  options_.run_quarantined = true;
  Add(FakeKernel::kRight);
  runner();
  ASSERT_THAT(
      quarantine_->Add(board_.name, request_.candidates[0].kernel().digest(), "once", clock_.Now()),
      IsOk());
  ASSERT_THAT(Run(), IsOk());
  EXPECT_THAT(Outcomes(), ElementsAre(v1::OUTCOME_OK));
}

TEST_F(BridgeRunnerTest, LinkThatDiesInABatchLosesNoCandidate) {
  for (int i = 0; i < 5; ++i) Add(FakeKernel::kRight, static_cast<uint8_t>(i));
  runner();
  fake_.dies_after_calls = 2;
  ASSERT_THAT(Run(), IsOk());
  EXPECT_THAT(Outcomes(), SizeIs(5));
  EXPECT_THAT(Outcomes(), ::testing::Each(v1::OUTCOME_OK));
  EXPECT_THAT(control_.cures, ElementsAre(Rung::kRestartOpenOcd, Rung::kRestartOpenOcd));
}

TEST_F(BridgeRunnerTest, CorruptedLoadIsNobodysFailure) {
  for (int i = 0; i < 3; ++i) Add(FakeKernel::kRight, static_cast<uint8_t>(i));
  runner();
  fake_.corrupts_in_writes = 0;
  ASSERT_THAT(Run(), IsOk());
  EXPECT_THAT(Outcomes(), ElementsAre(v1::OUTCOME_OK, v1::OUTCOME_OK, v1::OUTCOME_OK));
  EXPECT_EQ(fake_.num_calls, 6);
}

TEST_F(BridgeRunnerTest, CorruptedTensorIsFilledAnew) {
  for (int i = 0; i < 3; ++i) Add(FakeKernel::kRight, static_cast<uint8_t>(i));
  runner();
  fake_.spoils_after_calls = 1;
  ASSERT_THAT(Run(), IsOk());
  EXPECT_THAT(Outcomes(), ElementsAre(v1::OUTCOME_OK, v1::OUTCOME_OK, v1::OUTCOME_OK));
  EXPECT_EQ(fake_.num_fills, 3);  // The other one is intact.
}

TEST_F(BridgeRunnerTest, LostFirmwareIsLoadedAgain) {
  Add(FakeKernel::kStuck);
  Add(FakeKernel::kRight);
  ASSERT_THAT(runner().BringUp(), IsOk());
  fake_.firmware_is_lost = true;
  ASSERT_THAT(Run(), IsOk());
  EXPECT_THAT(Outcomes(), ElementsAre(v1::OUTCOME_TIMEOUT, v1::OUTCOME_OK));
  EXPECT_THAT(control_.cures, Contains(Rung::kReload));
}

TEST_F(BridgeRunnerTest, DeadCoreComesBackWithItsPower) {
  ASSERT_THAT(runner().BringUp(), IsOk());
  control_.cures.clear();
  Add(FakeKernel::kStuck);
  Add(FakeKernel::kRight);
  fake_.core_is_dead = true;
  ASSERT_THAT(Run(), IsOk());
  EXPECT_THAT(Outcomes(), ElementsAre(v1::OUTCOME_TIMEOUT, v1::OUTCOME_OK));
  EXPECT_THAT(control_.cures, Contains(Rung::kPowerCycle));
  EXPECT_EQ(runner().unavailable_reason(), "");
}

TEST_F(BridgeRunnerTest, BoardOutOfServiceSaysWhyAndTakesNoWork) {
  control_.probe_is_gone = true;
  EXPECT_THAT(runner().BringUp(), StatusIs(absl::StatusCode::kUnavailable, HasSubstr("no probe")));
  EXPECT_THAT(runner().unavailable_reason(), HasSubstr("no probe: no ST-Link is plugged in"));
  Add(FakeKernel::kRight);
  EXPECT_THAT(Run(), StatusIs(absl::StatusCode::kUnavailable, HasSubstr("no probe")));
  EXPECT_THAT(results_, IsEmpty());

  control_.probe_is_gone = false;
  ASSERT_THAT(runner().BringUp(), IsOk());
  EXPECT_EQ(runner().unavailable_reason(), "");
  ASSERT_THAT(Run(), IsOk());
  EXPECT_THAT(Outcomes(), ElementsAre(v1::OUTCOME_OK));
}

TEST_F(BridgeRunnerTest, WrongChipIsNotCuredButNamed) {
  fake_.chip_id = 0xC240;
  EXPECT_THAT(runner().BringUp(),
              StatusIs(absl::StatusCode::kUnavailable,
                       HasSubstr("wrong core id: the word at 0xe000ed00 is 0xc240")));
  EXPECT_THAT(control_.cures, SizeIs(1));
}

TEST_F(BridgeRunnerTest, FirmwareOfAnotherVersionIsNamed) {
  fake_.mailbox_version = 99;
  EXPECT_THAT(runner().BringUp(), StatusIs(absl::StatusCode::kUnavailable,
                                           HasSubstr("speaks mailbox version 99, this bridge")));
}

TEST_F(BridgeRunnerTest, StopEndsTheRunAndLeavesAUsableBoard) {
  Add(FakeKernel::kStuck);
  std::stop_source stop;
  stop.request_stop();
  EXPECT_THAT(Run(stop.get_token()), StatusIs(absl::StatusCode::kCancelled, ::testing::_));
  request_.candidates.clear();
  Add(FakeKernel::kRight);
  ASSERT_THAT(Run(), IsOk());
  EXPECT_THAT(Outcomes(), ElementsAre(v1::OUTCOME_OK));
}

TEST_F(BridgeRunnerTest, RandomTroubleLosesNoTrialAndCountsNoneTwice) {
  constexpr uint64_t kSeed = 11;
  base::Rng rng(kSeed);
  int num_results = 0;
  runner();
  for (int round = 0; round < 60; ++round) {
    SCOPED_TRACE(absl::StrFormat("seed %u, round %d", kSeed, round));
    request_.candidates.clear();
    for (int i = 0; i < 10; ++i) {
      Add(rng.Below(20) == 0 ? FakeKernel::kStuck : FakeKernel::kRight, static_cast<uint8_t>(i));
    }
    switch (rng.Below(5)) {
      case 0:
        fake_.dies_after_calls = static_cast<int>(rng.Below(12));
        break;
      case 1:
        fake_.corrupts_in_writes = static_cast<int>(rng.Below(3));
        break;
      case 2:
        fake_.spoils_after_calls = static_cast<int>(rng.Below(12));
        break;
      case 3:
        fake_.firmware_is_lost = true;
        break;
      default:
        break;
    }
    options_.run_quarantined = true;
    ASSERT_THAT(Run(), IsOk());
    ASSERT_THAT(results_, SizeIs(10));
    for (size_t i = 0; i < request_.candidates.size(); ++i) {
      const v1::MeasureResult& result = results_[i + 1];
      const bool is_right = result.outcome() == v1::OUTCOME_OK;
      const bool may_be_right =
          request_.candidates[i].kernel().elf().find('S') == std::string::npos;
      if (!may_be_right) {
        EXPECT_FALSE(is_right) << i;
      }
      num_results += is_right ? 1 : 0;
    }
  }
  EXPECT_GT(num_results, 500);
}

}  // namespace
}  // namespace tunefarm::mcu_agent
