#include "mcu_agent/bridge/bridge_runner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_format.h"
#include "base/hash.h"
#include "base/rng.h"
#include "proto/kernel_abi.h"
#include "spdlog/spdlog.h"
#include "tests/support/arm_elf.h"
#include "tests/support/fake_board.h"
#include "tests/support/program.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/mcu_agent/bridge/test_board.h"

namespace tunefarm::mcu_agent {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::tunefarm::testing::ArmElf;
using ::tunefarm::testing::FakeBoard;
using ::tunefarm::testing::FakeControl;
using ::tunefarm::testing::FakeKernel;
using ::tunefarm::testing::IsOk;
using ::tunefarm::testing::StatusIs;
using ::tunefarm::testing::TempFolder;
using ::tunefarm::testing::WaitingClock;

constexpr char kTriple[] = "thumbv7em-none-unknown-eabihf";
constexpr uint32_t kOutputElems = 64;

class BridgeRunnerTest : public ::testing::Test {
 protected:
  BridgeRunnerTest() : fake_(board_), pace_(clock_.pace()), control_(&board_, &fake_, &pace_) {
    spdlog::set_level(spdlog::level::off);
    request_.timing.set_num_samples(3);
    request_.timing.set_timeout_ns(1'000'000'000);
    request_.verification.set_seed(1);
    Expect(v1::DATA_TYPE_S8, std::string(kOutputElems, '\x11'));
  }

  void Expect(v1::DataType type, const std::string& output) {
    type_ = type;
    fake_.SetExpected(output);
    const std::string digest = base::Sha256Hex(output);
    request_.blobs[digest] = std::make_shared<const std::string>(output);
    request_.verification.clear_expected();
    v1::ExpectedOutput* expected = request_.verification.add_expected();
    expected->set_buffer(2);
    expected->set_digest(digest);
    if (type == v1::DATA_TYPE_F32) expected->set_absolute_tolerance(1e-3);
  }

  void AddBuffer(const char* name, v1::BufferRole role, v1::DataType type, uint64_t num_elems,
                 v1::KernelSignature* signature) {
    v1::Buffer* buffer = signature->add_buffers();
    buffer->set_name(name);
    buffer->set_role(role);
    buffer->set_data_type(type);
    buffer->set_num_elems(num_elems);
    if (role == v1::BUFFER_ROLE_OUTPUT || role == v1::BUFFER_ROLE_PACKED) return;
    buffer->mutable_fill()->set_low(-8);
    buffer->mutable_fill()->set_high(7);
    buffer->mutable_fill()->set_scale(0.5F);
  }

  // A candidate whose kernel does `what`; `variant` makes its bytes, and its time, its own.
  void Add(FakeKernel what, uint8_t variant = 0, size_t image_bytes = 64) {
    ArmElf elf;
    elf.text = std::string(image_bytes, '\0');
    elf.text[0] = static_cast<char>(what);
    elf.text[1] = static_cast<char>(variant);
    v1::Candidate candidate;
    candidate.set_candidate_id(request_.candidates.size() + 1);
    v1::Kernel* kernel = candidate.mutable_kernel();
    kernel->set_elf(elf.Build());
    kernel->set_digest(base::Sha256Hex(kernel->elf()));
    kernel->set_triple(kTriple);
    v1::KernelSignature* signature = kernel->mutable_signature();
    signature->set_abi_version(TUNEFARM_KERNEL_ABI_VERSION);
    signature->set_run_symbol("kernel");
    AddBuffer("in", v1::BUFFER_ROLE_INPUT, type_, 100, signature);
    AddBuffer("w", v1::BUFFER_ROLE_CONSTANT, type_, 30, signature);
    AddBuffer("out", v1::BUFFER_ROLE_OUTPUT, type_,
              type_ == v1::DATA_TYPE_F32 ? kOutputElems / 4 : kOutputElems, signature);
    request_.candidates.push_back(std::move(candidate));
  }

  BridgeRunner& runner() {
    if (!runner_) {
      options_.triple = kTriple;
      options_.has_power_hook = true;
      quarantine_.emplace(*QuarantineList::Open(folder_.File("quarantine")));
      runner_.emplace(options_, &board_, &control_, &*quarantine_, &pace_);
    }
    return *runner_;
  }

  absl::Status Run(std::stop_token stop = {}) {
    results_.clear();
    return runner().Run(request_, stop, [this](v1::MeasureResult result) {
      const uint64_t id = result.candidate_id();
      EXPECT_TRUE(results_.emplace(id, std::move(result)).second) << id << " has two results";
    });
  }

  std::vector<v1::Outcome> Outcomes() const {
    std::vector<v1::Outcome> outcomes;
    for (const auto& [id, result] : results_) outcomes.push_back(result.outcome());
    return outcomes;
  }

  BoardMap board_ = TestBoard();
  WaitingClock clock_;
  FakeBoard fake_;
  Pace pace_;
  FakeControl control_;
  TempFolder folder_;
  BridgeOptions options_;
  std::optional<QuarantineList> quarantine_;
  std::optional<BridgeRunner> runner_;
  v1::DataType type_ = v1::DATA_TYPE_S8;
  device_agent::MeasureRequest request_;
  std::map<uint64_t, v1::MeasureResult> results_;
};

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
  EXPECT_EQ(fake_.num_fills, 4);
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
