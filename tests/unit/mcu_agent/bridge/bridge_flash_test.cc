// The bridge runner with kernels and constants for flash: what is erased, programmed and kept.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/status_matchers.h"
#include "tests/unit/mcu_agent/bridge/bridge_runner_fixture.h"

namespace tunefarm::mcu_agent {
namespace {

using ::testing::AllOf;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::Ge;
using ::testing::HasSubstr;
using ::testing::Lt;
using ::testing::SizeIs;
using ::tunefarm::testing::IsOk;
using ::tunefarm::testing::StatusIs;

class BridgeFlashTest : public BridgeRunnerTest {
 protected:
  explicit BridgeFlashTest(const BoardMap& board = TestBoardWithFlash())
      : BridgeRunnerTest(board) {}

  void AddToFlash(FakeKernel what, uint8_t variant = 0, size_t image_bytes = 64) {
    Add(what, variant, image_bytes, "flash");
  }
  // Two kernels for flash and one for RAM, of flash that takes nothing.
  void ExpectOnlyFlashIsLost() {
    AddToFlash(FakeKernel::kRight, 0);
    AddToFlash(FakeKernel::kRight, 1);
    Add(FakeKernel::kRight, 2);
    ASSERT_THAT(Run(), IsOk());
    EXPECT_THAT(Outcomes(),
                ElementsAre(v1::OUTCOME_DEVICE_LOST, v1::OUTCOME_DEVICE_LOST, v1::OUTCOME_OK));
  }
  // A request of its own.
  void RunOneInFlash(uint8_t variant, size_t image_bytes = 64) {
    request_.candidates.clear();
    AddToFlash(FakeKernel::kRight, variant, image_bytes);
    ASSERT_THAT(Run(), IsOk());
    EXPECT_THAT(Outcomes(), ElementsAre(v1::OUTCOME_OK));
  }
};

TEST_F(BridgeFlashTest, KernelsForFlashRunThereAndOthersDoNot) {
  AddToFlash(FakeKernel::kRight, 0);
  AddToFlash(FakeKernel::kRight, 1);
  Add(FakeKernel::kRight, 2);
  ASSERT_THAT(Run(), IsOk());
  EXPECT_THAT(Outcomes(), Each(v1::OUTCOME_OK));
  ASSERT_THAT(fake_.entries, SizeIs(3));
  EXPECT_EQ(fake_.entries[0], kFlash);
  EXPECT_THAT(fake_.entries[1], AllOf(Ge(kFlash), Lt(kFlashEnd)));
  EXPECT_EQ(fake_.entries[2], 0u);
  EXPECT_EQ(fake_.num_erasures, 1);
}

TEST_F(BridgeFlashTest, FlashIsErasedOnlyWhenItIsFull) {
  for (uint8_t i = 0; i < 3; ++i) RunOneInFlash(i, 600);
  EXPECT_EQ(fake_.num_erasures, 1);
  EXPECT_THAT(fake_.entries, ElementsAre(kFlash, kFlash + 640, kFlash + 1280));
  RunOneInFlash(3, 600);
  EXPECT_EQ(fake_.num_erasures, 2);
  EXPECT_EQ(fake_.entries.back(), kFlash);
}

TEST_F(BridgeFlashTest, ABatchThatComesAgainIsNotProgrammedAgain) {
  AddToFlash(FakeKernel::kRight, 0, 1000);
  AddToFlash(FakeKernel::kRight, 1, 900);
  for (int i = 0; i < 3; ++i) {
    ASSERT_THAT(Run(), IsOk());
    EXPECT_THAT(Outcomes(), ElementsAre(v1::OUTCOME_OK, v1::OUTCOME_OK));
  }
  EXPECT_EQ(fake_.num_erasures, 1);
  EXPECT_LT(fake_.num_programmed_bytes, 2000u);
  EXPECT_EQ(fake_.num_fills, 2);
  EXPECT_EQ(fake_.num_calls, 6);
}

// The debugger's flash loader takes RAM: what was there is brought anew, the firmware too.
TEST_F(BridgeFlashTest, NothingInRamIsReliedOnAfterProgramming) {
  RunOneInFlash(0);
  EXPECT_EQ(fake_.num_fills, 2);
  const int loads = fake_.num_loads;
  RunOneInFlash(1);
  EXPECT_EQ(fake_.num_fills, 4);
  EXPECT_EQ(fake_.num_loads, loads + 1);
}

TEST_F(BridgeFlashTest, ConstantsInFlashAreProgrammedOnce) {
  board_.constant_order = {"flash"};
  Add(FakeKernel::kRight);
  ASSERT_THAT(Run(), IsOk());
  EXPECT_THAT(Outcomes(), ElementsAre(v1::OUTCOME_OK));
  EXPECT_EQ(fake_.num_programmed_bytes, 32u);  // 30 weights, in words.
  EXPECT_EQ(fake_.num_fills, 1);               // The input.
  ASSERT_THAT(Run(), IsOk());
  EXPECT_EQ(fake_.num_programmed_bytes, 32u);
  EXPECT_EQ(fake_.num_fills, 1);
  request_.verification.set_seed(2);
  ASSERT_THAT(Run(), IsOk());
  EXPECT_EQ(fake_.num_programmed_bytes, 64u);
  EXPECT_EQ(fake_.num_erasures, 1);
  EXPECT_THAT(Outcomes(), ElementsAre(v1::OUTCOME_OK));
}

TEST_F(BridgeFlashTest, ConstantsInFlashComeBackWhenItIsErasedForCode) {
  board_.constant_order = {"flash"};
  for (uint8_t i = 0; i < 4; ++i) RunOneInFlash(i, 1000);
  EXPECT_EQ(fake_.num_erasures, 4);
  EXPECT_EQ(fake_.num_programmed_bytes, 4u * (1000 + 12 + 32));
}

TEST_F(BridgeFlashTest, LinkThatDiesWhileProgrammingLosesNoCandidate) {
  fake_.dies_in_programming = 0;
  AddToFlash(FakeKernel::kRight, 0);
  AddToFlash(FakeKernel::kRight, 1);
  ASSERT_THAT(Run(), IsOk());
  EXPECT_THAT(Outcomes(), ElementsAre(v1::OUTCOME_OK, v1::OUTCOME_OK));
  EXPECT_THAT(control_.cures, ElementsAre(Rung::kRestartOpenOcd, Rung::kRestartOpenOcd));
  // Half of a batch lies there: it is not built upon.
  EXPECT_EQ(fake_.num_erasures, 2);
  EXPECT_EQ(fake_.num_calls, 2);
}

TEST_F(BridgeFlashTest, CorruptedProgrammingIsNobodysFailureAndNotBuiltUpon) {
  fake_.corrupts_in_writes = 0;
  AddToFlash(FakeKernel::kRight, 0);
  AddToFlash(FakeKernel::kRight, 1);
  ASSERT_THAT(Run(), IsOk());
  EXPECT_THAT(Outcomes(), ElementsAre(v1::OUTCOME_OK, v1::OUTCOME_OK));
  // What is blank beside it still is.
  EXPECT_EQ(fake_.num_calls, 4);
  EXPECT_EQ(fake_.num_erasures, 1);
}

TEST_F(BridgeFlashTest, SecondLooksDoNotEraseAgain) {
  Expect(v1::DATA_TYPE_F32, std::string(kOutputElems, '\x3f'));
  for (uint8_t i = 0; i < 4; ++i) AddToFlash(FakeKernel::kNearly, i);
  ASSERT_THAT(Run(), IsOk());
  EXPECT_THAT(Outcomes(), Each(v1::OUTCOME_OK));
  EXPECT_EQ(fake_.num_calls, 8);
  EXPECT_EQ(fake_.num_erasures, 1);
}

// Behind a link that was lost there may be another board.
TEST_F(BridgeFlashTest, FlashIsErasedAnewAfterTheLinkWasLost) {
  RunOneInFlash(0);
  fake_.dies_after_calls = 0;
  RunOneInFlash(1);
  EXPECT_EQ(fake_.num_erasures, 2);
}

TEST_F(BridgeFlashTest, ProtectedFlashEndsWhatNeedsItAndNothingElse) {
  fake_.flash_is_protected = true;
  ExpectOnlyFlashIsLost();
  EXPECT_THAT(results_[1].error(), HasSubstr("flash of test-board could not be programmed 3 times "
                                             "in a row: sector 0 is write protected"));
  EXPECT_EQ(runner().unavailable_reason(), "");
  EXPECT_EQ(fake_.num_erasures, BoardContents::kMostRefusals);
  ASSERT_THAT(Run(), IsOk());
  EXPECT_EQ(fake_.num_erasures, BoardContents::kMostRefusals);
}

TEST_F(BridgeFlashTest, WornFlashEndsWhatNeedsItAndNothingElse) {
  fake_.flash_is_worn = true;
  ExpectOnlyFlashIsLost();
  EXPECT_THAT(results_[1].error(), HasSubstr("it does not hold what was programmed"));
  EXPECT_EQ(fake_.num_erasures, 1);
}

// A trouble of the board just before does not make the refusals cost the board.
TEST_F(BridgeFlashTest, RefusalsAfterALostLinkDoNotTakeTheBoardOutOfService) {
  options_.has_power_hook = false;
  fake_.flash_is_protected = true;
  fake_.dies_after_calls = 0;
  Add(FakeKernel::kRight, 0);
  ASSERT_THAT(Run(), IsOk());
  AddToFlash(FakeKernel::kRight, 1);
  ASSERT_THAT(Run(), IsOk());
  EXPECT_THAT(Outcomes(), ElementsAre(v1::OUTCOME_OK, v1::OUTCOME_DEVICE_LOST));
  EXPECT_EQ(runner().unavailable_reason(), "");
}

TEST_F(BridgeFlashTest, KernelsWithoutConstantsNeedNoFlashForThem) {
  board_.constant_order = {"flash"};
  fake_.flash_is_protected = true;
  Add(FakeKernel::kRight, 0);
  ASSERT_THAT(Run(), IsOk());
  EXPECT_THAT(Outcomes(), ElementsAre(v1::OUTCOME_DEVICE_LOST));
  v1::KernelSignature* signature = request_.candidates[0].mutable_kernel()->mutable_signature();
  signature->mutable_buffers(1)->set_role(v1::BUFFER_ROLE_INPUT);
  ASSERT_THAT(Run(), IsOk());
  EXPECT_THAT(Outcomes(), ElementsAre(v1::OUTCOME_OK));
}

TEST_F(BridgeFlashTest, SecondLooksProgramNoConstantsAnew) {
  board_.constant_order = {"flash"};
  Expect(v1::DATA_TYPE_F32, std::string(kOutputElems, '\x3f'));
  for (uint8_t i = 0; i < 4; ++i) Add(FakeKernel::kNearly, i);
  ASSERT_THAT(Run(), IsOk());
  EXPECT_THAT(Outcomes(), Each(v1::OUTCOME_OK));
  EXPECT_EQ(fake_.num_programmed_bytes, 30u * sizeof(float));
}

TEST_F(BridgeFlashTest, StopEndsTheProgrammingAndLeavesAUsableBoard) {
  std::stop_source stop;
  fake_.on_flash = [&stop] { stop.request_stop(); };
  AddToFlash(FakeKernel::kRight);
  EXPECT_THAT(Run(stop.get_token()), StatusIs(absl::StatusCode::kCancelled, ::testing::_));
  EXPECT_EQ(fake_.num_programmed_bytes, 0u);
  RunOneInFlash(1);
  EXPECT_EQ(fake_.num_erasures, 2);
}

// Room for more than one piece of what is programmed.
class BridgeLargeFlashTest : public BridgeFlashTest {
 protected:
  BridgeLargeFlashTest() : BridgeFlashTest(TestBoardWithFlash(32768)) {}
};

TEST_F(BridgeLargeFlashTest, LargeBatchesAreProgrammedInPieces) {
  int num_pieces = -1;  // Without the erasure.
  fake_.on_flash = [&num_pieces] { ++num_pieces; };
  RunOneInFlash(0, 20000);
  EXPECT_EQ(num_pieces, 3);
  EXPECT_EQ(fake_.num_programmed_bytes, 20012u);
}

TEST_F(BridgeLargeFlashTest, StopIsHeardBetweenPiecesAndHalfABatchIsNotBuiltUpon) {
  std::stop_source stop;
  fake_.on_flash = [this, &stop] {
    if (fake_.num_programmed_bytes > 0) stop.request_stop();
  };
  AddToFlash(FakeKernel::kRight, 0, 20000);
  EXPECT_THAT(Run(stop.get_token()), StatusIs(absl::StatusCode::kCancelled, ::testing::_));
  EXPECT_EQ(fake_.num_programmed_bytes, 8192u);
  RunOneInFlash(1, 20000);
  EXPECT_EQ(fake_.num_erasures, 2);
}

TEST_F(BridgeFlashTest, ImageThatFlashCannotHoldIsRefusedBeforeAnythingIsErased) {
  AddToFlash(FakeKernel::kRight, 0, 4000);
  ASSERT_THAT(Run(), IsOk());
  EXPECT_THAT(Outcomes(), ElementsAre(v1::OUTCOME_OUT_OF_MEMORY));
  EXPECT_THAT(results_[1].error(), AllOf(HasSubstr("in flash"), HasSubstr("flash has 2048")));
  EXPECT_EQ(fake_.num_erasures, 0);
}

TEST_F(BridgeFlashTest, WrongChipIsNotErased) {
  AddToFlash(FakeKernel::kRight);
  ASSERT_THAT(runner().BringUp(), IsOk());
  fake_.vendor_chip_id = 0x421;
  EXPECT_FALSE(Run().ok());
  EXPECT_EQ(fake_.num_erasures, 0);
  EXPECT_THAT(runner().unavailable_reason(), HasSubstr("wrong chip id"));
}

}  // namespace
}  // namespace tunefarm::mcu_agent
