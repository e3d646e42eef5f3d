// What goes wrong in the middle of programming flash: the bridge against the real OpenOCD, whose
// driver of the chip is at work on the emulated board.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <sstream>

#include "mcu_agent/bridge/bridge_runner.h"
#include "mcu_agent/bridge/openocd_board.h"
#include "spdlog/sinks/null_sink.h"
#include "spdlog/sinks/ostream_sink.h"
#include "spdlog/spdlog.h"
#include "tests/support/mcu_farm/missing_programs.h"
#include "tests/support/mcu_farm/soak.h"
#include "tests/support/program.h"
#include "tests/support/status_matchers.h"
#include "tuner/measure/expected_output.h"

namespace tunefarm {
namespace {

using ::testing::AllOf;
using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using ::tunefarm::testing::IsOk;

// One emulated board whose flash is programmed for every request.
class FlashTroubleTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const std::string missing = testing::MissingForEmulatedBoards();
    if (!missing.empty()) GTEST_SKIP() << missing;
    spdlog::set_default_logger(std::make_shared<spdlog::logger>(
        "log", std::make_shared<spdlog::sinks::ostream_sink_mt>(log_)));
    const testing::SoakOptions soak = testing::SoakInFlash();
    auto board = mcu_agent::LoadBoardMap(TUNEFARM_BIN_DIR "/../boards", soak.board);
    ASSERT_THAT(board, IsOk());
    board_ = *std::move(board);
    MakeRequest(soak);

    mcu_agent::OpenOcdBoardOptions options;
    options.emulated_board = TUNEFARM_BIN_DIR "/tuner-emulated-board";
    options.on_emulator = [this](uint16_t port) { control_port_ = port; };
    control_.emplace(options, &board_, &pace_);
    quarantine_ = *mcu_agent::QuarantineList::Open("");
    runner_.emplace(mcu_agent::BridgeOptions{.triple = request_.candidates[0].kernel().triple(),
                                             .has_power_hook = true},
                    &board_, &*control_, quarantine_.get(), &pace_);
    ASSERT_THAT(runner_->BringUp(), IsOk());
  }

  void TearDown() override {
    spdlog::set_default_logger(spdlog::create<spdlog::sinks::null_sink_mt>("none"));
  }

  // The kernels that run from flash, several times over.
  void MakeRequest(const testing::SoakOptions& soak) {
    const auto kernels = testing::BuildKernels(soak);
    ASSERT_THAT(kernels, IsOk());
    const auto expected = tuner::ComputeExpectedOutput(soak.workload);
    ASSERT_THAT(expected, IsOk());
    for (uint64_t i = 0; i < 4; ++i) {
      v1::Candidate& candidate = request_.candidates.emplace_back();
      candidate.set_candidate_id(i + 1);
      *candidate.mutable_kernel() = (*kernels)[i % 2];
    }
    request_.timing.set_num_samples(2);
    request_.timing.set_timeout_ns(600'000'000);
    request_.verification =
        tuner::MakeVerification(*expected, tuner::OutputPosition((*kernels)[0].signature()));
    request_.blobs[expected->blob.digest()] =
        std::make_shared<const std::string>(expected->blob.data());
  }

  // Runs the request with `trouble` some thousand bytes ahead: images of four kernels are 7 KB,
  // and each halfword of them goes with a word to the flash controller.
  std::vector<v1::Outcome> OutcomesWith(const std::string& trouble) {
    const testing::Finished sent = testing::RunProgram(
        "tuner-emulated-board", {"send", std::to_string(control_port_), trouble});
    EXPECT_EQ(sent.code, 0) << sent.out << sent.err;
    std::vector<v1::Outcome> outcomes;
    EXPECT_THAT(runner_->Run(
                    request_, {},
                    [&](const v1::MeasureResult& result) { outcomes.push_back(result.outcome()); }),
                IsOk());
    return outcomes;
  }

  std::ostringstream log_;
  mcu_agent::BoardMap board_;
  const mcu_agent::Pace pace_;
  uint16_t control_port_ = 0;
  std::optional<mcu_agent::OpenOcdBoard> control_;
  std::unique_ptr<mcu_agent::QuarantineList> quarantine_;
  std::optional<mcu_agent::BridgeRunner> runner_;
  device_agent::MeasureRequest request_;
};

TEST_F(FlashTroubleTest, SupplyThatDipsWhileFlashIsProgrammedLosesNothing) {
  EXPECT_THAT(OutcomesWith("brown-out after=9000"), AllOf(SizeIs(4), Each(v1::OUTCOME_OK)));
  EXPECT_THAT(log_.str(), AllOf(HasSubstr("flash write_image"), HasSubstr("time 1 of this agent"),
                                HasSubstr("time 2 of this agent")));
}

TEST_F(FlashTroubleTest, BitThatFlipsWhileFlashIsProgrammedIsNobodysFailure) {
  // That byte is a halfword's. Of six bytes four go to the controller, where the bit means nothing.
  EXPECT_THAT(OutcomesWith("corrupt-word after=9004"), AllOf(SizeIs(4), Each(v1::OUTCOME_OK)));
  EXPECT_THAT(log_.str(), HasSubstr("the images did not arrive as they were sent"));
}

}  // namespace
}  // namespace tunefarm
