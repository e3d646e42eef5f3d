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
void ExpectNothingLost(SoakOptions options) {
  spdlog::set_level(spdlog::level::warn);
  options.bin_dir = TUNEFARM_BIN_DIR;
  options.batch = 8;
  options.seed = 3;
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

TEST(McuSoakTest, NoTrialIsLostOrCountedTwiceWhateverFails) {
  const std::string missing = testing::MissingForEmulatedBoards();
  if (!missing.empty()) GTEST_SKIP() << missing;
  SoakOptions options = testing::SoakInRam();
  options.num_trials = 64;
  // Three times as often as in a long run: each kind of trouble is met.
  options.fault_rate = 0.15;
  ExpectNothingLost(options);
}

TEST(McuSoakTest, NorWhereKernelsRunFromFlash) {
  const std::string missing = testing::MissingForEmulatedBoards();
  if (!missing.empty()) GTEST_SKIP() << missing;
  SoakOptions options = testing::SoakInFlash();
  options.num_trials = 24;
  options.fault_rate = 0.3;
  ExpectNothingLost(options);
}

}  // namespace
}  // namespace tunefarm
