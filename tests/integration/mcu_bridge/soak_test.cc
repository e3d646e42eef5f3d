// Trials on an emulated board of a farm while probe, cable, core, power and OpenOCD fail: the
// ladder against the real OpenOCD and the real QEMU, and a second board that must not notice.
#include "tests/support/mcu_farm/soak.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "spdlog/spdlog.h"
#include "tests/support/mcu_farm/missing_programs.h"
#include "tests/support/status_matchers.h"

namespace tunefarm {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::tunefarm::testing::IsOk;
using ::tunefarm::testing::SoakOptions;

// The troubled board lost nothing, and the one beside it did not notice.
void ExpectNothingLost(const SoakOptions& options) {
  SCOPED_TRACE(options.seed);
  const auto report = RunSoak(options);
  ASSERT_THAT(report, IsOk());
  EXPECT_EQ(report->num_results, options.num_trials);
  EXPECT_EQ(report->num_twice, 0);
  EXPECT_THAT(report->failures, IsEmpty());
  EXPECT_THAT(report->outcomes, ElementsAre(Pair("OUTCOME_OK", options.num_trials)));
  EXPECT_EQ(report->num_disagreeing, 0) << "trouble changed a cost";
  EXPECT_EQ(report->num_elsewhere, 0);
  EXPECT_GE(report->faults.size(), 5);
  EXPECT_GT(report->beside.num_results, 0);
  EXPECT_EQ(report->beside.num_failed, 0) << report->beside.first_failure;
  EXPECT_EQ(report->beside.num_disagreeing, 0);
}

SoakOptions Options() {
  spdlog::set_level(spdlog::level::warn);
  SoakOptions options;
  options.bin_dir = TUNEFARM_BIN_DIR;
  options.batch = 8;
  options.seed = 3;
  return options;
}

TEST(McuSoakTest, NoTrialIsLostOrCountedTwiceWhateverFails) {
  const std::string missing = testing::MissingForEmulatedBoards();
  if (!missing.empty()) GTEST_SKIP() << missing;
  SoakOptions options = Options();
  options.configs = {"pixels=2,channels=4,steps=32,weight_bits=16,rows=0",
                     "pixels=4,channels=2,steps=32,weight_bits=16,rows=0",
                     "pixels=2,channels=2,steps=8,weight_bits=16,rows=0",
                     "pixels=1,channels=4,steps=4,weight_bits=16,rows=0"};
  options.num_trials = 64;
  // Three times as often as in a long run: each kind of trouble is met.
  options.fault_rate = 0.15;
  ExpectNothingLost(options);
}

TEST(McuSoakTest, NorWhereTroubleComesWhileFlashIsProgrammed) {
  const std::string missing = testing::MissingForEmulatedBoards();
  if (!missing.empty()) GTEST_SKIP() << missing;
  SoakOptions options = Options();
  options.board = "netduinoplus2";
  options.use_flash = true;
  options.target = "cortex-m4,code=sram+flash";
  options.workload = "conv2d/s8/nhwc/1x5x5x16/o8k1x1/bias+requant+relu";
  options.configs = {"pixels=2,channels=4,steps=8,weight_bits=16,rows=0,code_memory=1",
                     "pixels=2,channels=2,steps=8,weight_bits=16,rows=0,code_memory=1",
                     "pixels=1,channels=4,steps=4,weight_bits=16,rows=0,code_memory=0"};
  options.num_trials = 32;
  options.fault_rate = 0.3;
  ExpectNothingLost(options);
}

}  // namespace
}  // namespace tunefarm
