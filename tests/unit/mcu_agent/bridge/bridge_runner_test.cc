// The bridge runner on a board that works: batches, timings, verdicts, refusals.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/status_matchers.h"
#include "tests/unit/mcu_agent/bridge/bridge_runner_fixture.h"

namespace tunefarm::mcu_agent {
namespace {

using ::testing::AllOf;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Lt;
using ::testing::SizeIs;
using ::testing::Truly;
using ::tunefarm::testing::IsOk;

TEST_F(BridgeRunnerTest, BatchIsLoadedOnceAndTimedByTheBoardsClock) {
  Add(FakeKernel::kRight, 0);
  Add(FakeKernel::kRight, 250);
  ASSERT_THAT(Run(), IsOk());
  EXPECT_THAT(Outcomes(), ElementsAre(v1::OUTCOME_OK, v1::OUTCOME_OK));
  // 1000 and 1250 ticks of 25 MHz.
  EXPECT_THAT(results_[1].samples_ns(), ElementsAre(40000.0, 40000.0, 40000.0));
  EXPECT_DOUBLE_EQ(results_[2].median_ns(), 50000.0);
  EXPECT_EQ(results_[1].before().cpu_frequency_hz(), 25'000'000);
  EXPECT_FALSE(results_[1].emulated());
  EXPECT_EQ(fake_.num_calls, 2);
}

TEST_F(BridgeRunnerTest, EmulatedBoardCountsInstructions) {
  board_.emulator = Emulator{"mps2-an500", 4};
  Add(FakeKernel::kRight);
  ASSERT_THAT(Run(), IsOk());
  EXPECT_TRUE(results_[1].emulated());
  // 40 us at 16 ns an instruction; a second sample would repeat the first.
  EXPECT_DOUBLE_EQ(results_[1].median_instructions(), 2500);
  EXPECT_THAT(results_[1].samples_ns(), SizeIs(2));
}

TEST_F(BridgeRunnerTest, SlowCandidateIsTimedOnce) {
  request_.timing.set_cut_above_ns(40'000);
  Add(FakeKernel::kRight);     // 40 us: as fast as the bound.
  Add(FakeKernel::kRight, 1);  // One tick of 40 ns slower.
  ASSERT_THAT(Run(), IsOk());
  EXPECT_THAT(Outcomes(), ElementsAre(v1::OUTCOME_OK, v1::OUTCOME_OK));
  EXPECT_FALSE(results_[1].cut());
  EXPECT_THAT(results_[1].samples_ns(), SizeIs(3));
  EXPECT_TRUE(results_[2].cut());
  EXPECT_THAT(results_[2].samples_ns(), ElementsAre(40040.0));
}

TEST_F(BridgeRunnerTest, TensorsThatAreThereAreNotFilledAgain) {
  Add(FakeKernel::kRight);
  ASSERT_THAT(Run(), IsOk());
  EXPECT_EQ(fake_.num_fills, 2);
  ASSERT_THAT(Run(), IsOk());
  EXPECT_EQ(fake_.num_fills, 2);
  request_.verification.set_seed(2);
  ASSERT_THAT(Run(), IsOk());
  EXPECT_EQ(fake_.num_fills, 4);
}

TEST_F(BridgeRunnerTest, MoreThanFitAreSeveralBatches) {
  for (int i = 0; i < 60; ++i) Add(FakeKernel::kRight, static_cast<uint8_t>(i), 900);
  ASSERT_THAT(Run(), IsOk());
  EXPECT_THAT(results_, SizeIs(60));
  EXPECT_EQ(fake_.num_calls, 60);
}

TEST_F(BridgeRunnerTest, FailureIsConfirmedAloneBeforeItCounts) {
  Add(FakeKernel::kRight);
  Add(FakeKernel::kFault);
  Add(FakeKernel::kLoops);
  ASSERT_THAT(Run(), IsOk());
  EXPECT_THAT(Outcomes(), ElementsAre(v1::OUTCOME_OK, v1::OUTCOME_CRASHED, v1::OUTCOME_TIMEOUT));
  EXPECT_THAT(results_[2].error(), AllOf(HasSubstr("HardFault"), HasSubstr("CFSR 0x00000400")));
  EXPECT_EQ(fake_.num_calls, 5);
}

TEST_F(BridgeRunnerTest, WrongResultNamesTheElement) {
  Add(FakeKernel::kWrong);
  ASSERT_THAT(Run(), IsOk());
  EXPECT_THAT(Outcomes(), ElementsAre(v1::OUTCOME_WRONG_RESULT));
  EXPECT_EQ(results_[1].error(), "out[0]: got 16, want 17 (exact); 1 of 64 elements differ");
}

TEST_F(BridgeRunnerTest, FloatsWithinTheToleranceAreRight) {
  const std::vector<float> output(kOutputElems / 4, 1.5F);
  Expect(v1::DATA_TYPE_F32,
         std::string(reinterpret_cast<const char*>(output.data()), kOutputElems));
  Add(FakeKernel::kNearly);
  ASSERT_THAT(Run(), IsOk());
  EXPECT_THAT(Outcomes(), ElementsAre(v1::OUTCOME_OK));
  EXPECT_THAT(results_[1].samples_ns(), SizeIs(3));
}

TEST_F(BridgeRunnerTest, KernelThatSpoilsItsInputsTakesNoOtherAlong) {
  Add(FakeKernel::kRight);
  Add(FakeKernel::kSpoilsInput);
  ASSERT_THAT(Run(), IsOk());
  EXPECT_THAT(Outcomes(), ElementsAre(v1::OUTCOME_OK, v1::OUTCOME_CRASHED));
  EXPECT_THAT(results_[2].error(), HasSubstr("wrote into in"));
}

TEST_F(BridgeRunnerTest, CandidateThatDoesNotFitIsRefusedWithBytes) {
  Add(FakeKernel::kRight, 0, 40000);
  Add(FakeKernel::kRight);
  ASSERT_THAT(Run(), IsOk());
  EXPECT_THAT(Outcomes(), ElementsAre(v1::OUTCOME_OUT_OF_MEMORY, v1::OUTCOME_OK));
  EXPECT_THAT(results_[1].error(), HasSubstr("code 40012, inputs and constants"));
  EXPECT_EQ(fake_.num_calls, 1);
}

TEST_F(BridgeRunnerTest, KernelOfAnotherMachineIsRefused) {
  Add(FakeKernel::kRight);
  request_.candidates[0].mutable_kernel()->set_triple("x86_64-pc-linux-gnu");
  ASSERT_THAT(Run(), IsOk());
  EXPECT_THAT(Outcomes(), ElementsAre(v1::OUTCOME_BUILD_FAILED));
}

TEST_F(BridgeRunnerTest, EachKernelRunsFromTheMemoryThatItIsFor) {
  Add(FakeKernel::kRight, 0, 64, "sram");
  Add(FakeKernel::kRight, 1, 64, "itcm");
  Add(FakeKernel::kRight, 2, 64, "sram");
  Add(FakeKernel::kRight, 3);
  ASSERT_THAT(Run(), IsOk());
  EXPECT_THAT(Outcomes(), Each(v1::OUTCOME_OK));
  const auto in_sram = [](uint32_t entry) { return entry >= 0x20010000; };
  // In batches by memory: both of sram, the one for itcm, and the one for any, which is itcm.
  EXPECT_THAT(fake_.entries, ElementsAre(Truly(in_sram), Truly(in_sram), Lt(0x1000), Lt(0x1000)));
}

TEST_F(BridgeRunnerTest, KernelForAMemoryThatIsFullOrNotThereIsRefusedBeforeItRuns) {
  Add(FakeKernel::kRight, 0, 5000, "itcm");
  Add(FakeKernel::kRight, 1, 64, "axi");
  ASSERT_THAT(Run(), IsOk());
  EXPECT_THAT(Outcomes(), ElementsAre(v1::OUTCOME_OUT_OF_MEMORY, v1::OUTCOME_BUILD_FAILED));
  EXPECT_THAT(results_[1].error(), HasSubstr("code 5012 in itcm"));
  EXPECT_THAT(results_[2].error(), HasSubstr("code memory 'axi'"));
  EXPECT_EQ(fake_.num_calls, 0);
}

}  // namespace
}  // namespace tunefarm::mcu_agent
