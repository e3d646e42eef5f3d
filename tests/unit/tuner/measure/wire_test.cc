#include "tuner/measure/wire.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tunefarm::tuner {
namespace {

using ::testing::ElementsAre;

TEST(WireTest, EveryOutcomeKeepsItsName) {
  const std::pair<v1::Outcome, const char*> names[] = {
      {v1::OUTCOME_OK, "ok"},
      {v1::OUTCOME_ILLEGAL_SCHEDULE, "illegal_schedule"},
      {v1::OUTCOME_BUILD_FAILED, "build_failed"},
      {v1::OUTCOME_WRONG_RESULT, "wrong_result"},
      {v1::OUTCOME_TIMEOUT, "timeout"},
      {v1::OUTCOME_CRASHED, "crashed"},
      {v1::OUTCOME_OUT_OF_MEMORY, "out_of_memory"},
      {v1::OUTCOME_DEVICE_LOST, "device_lost"}};
  for (const auto& [outcome, name] : names) EXPECT_STREQ(Name(FromProto(outcome)), name);
}

TEST(WireTest, OutcomeOfALaterVersionTeachesNothing) {
  EXPECT_EQ(FromProto(v1::OUTCOME_UNSPECIFIED), Outcome::kDeviceLost);
  EXPECT_EQ(FromProto(static_cast<v1::Outcome>(99)), Outcome::kDeviceLost);
}

TEST(WireTest, ResultIsTakenOverWhole) {
  v1::MeasureResult result;
  result.set_outcome(v1::OUTCOME_OK);
  result.add_samples_ns(3);
  result.add_samples_ns(5);
  result.set_median_ns(4);
  result.set_mad_ns(1);
  result.set_runs_per_sample(7);
  result.set_cut(true);
  result.set_device("board");
  result.set_emulated(true);
  result.set_wall_ns(99);
  result.mutable_before()->set_cpu_frequency_hz(3000000000);
  result.mutable_after()->set_temperature_millicelsius(-5);
  MeasureReport report;
  report.ticket = 12;
  AddResult(result, &report);
  EXPECT_EQ(report.ticket, 12);
  EXPECT_THAT(report.samples_ns, ElementsAre(3, 5));
  EXPECT_EQ(report.median_ns, 4);
  EXPECT_EQ(report.mad_ns, 1);
  EXPECT_EQ(report.runs_per_sample, 7);
  EXPECT_TRUE(report.cut);
  EXPECT_EQ(report.device, "board");
  EXPECT_TRUE(report.emulated);
  EXPECT_EQ(report.run_ns, 99);
  EXPECT_EQ(report.before.cpu_frequency_hz, 3000000000);
  EXPECT_EQ(report.before.temperature_millicelsius, std::nullopt);
  EXPECT_EQ(report.after.temperature_millicelsius, -5);
}

TEST(WireTest, ReusedReportKeepsItsOwnIdentity) {
  MeasureReport measured, built;
  measured.ticket = 1;
  measured.median_ns = 50;
  measured.run_ns = 1000;
  measured.artifact_digest = "a";
  built.ticket = 2;
  built.build_ns = 30;
  built.artifact_digest = "b";
  const MeasureReport report = AsReused(measured, built);
  EXPECT_EQ(report.ticket, 2);
  EXPECT_EQ(report.median_ns, 50);
  EXPECT_EQ(report.artifact_digest, "b");
  EXPECT_EQ(report.build_ns, 30);
  EXPECT_EQ(report.run_ns, 0);
  EXPECT_TRUE(report.reused);
}

class CanMeasureTest : public ::testing::Test {
 protected:
  CanMeasureTest() {
    target_.triple = "x86_64-unknown-linux-gnu";
    target_.features = {"avx2", "fma"};
    entry_.set_status(v1::DEVICE_STATUS_IDLE);
    entry_.mutable_info()->set_triple("x86_64-pc-linux-gnu");
    for (const char* feature : {"avx", "avx2", "fma"}) entry_.mutable_info()->add_features(feature);
  }
  bool CanMeasure() const { return tuner::CanMeasure(entry_, RequirementOf(target_)); }

  compiler::Target target_;
  v1::DeviceEntry entry_;
};

TEST_F(CanMeasureTest, DeviceWithMoreFeaturesFits) { EXPECT_TRUE(CanMeasure()); }

TEST_F(CanMeasureTest, BusyDeviceFitsAndLostOrDrainingOnesDoNot) {
  entry_.set_status(v1::DEVICE_STATUS_BUSY);
  EXPECT_TRUE(CanMeasure());
  for (const auto status : {v1::DEVICE_STATUS_LOST, v1::DEVICE_STATUS_DRAINING}) {
    entry_.set_status(status);
    EXPECT_FALSE(CanMeasure());
  }
}

TEST_F(CanMeasureTest, OtherArchitectureDoesNotFit) {
  entry_.mutable_info()->set_triple("aarch64-unknown-linux-gnu");
  EXPECT_FALSE(CanMeasure());
}

TEST_F(CanMeasureTest, MissingFeatureDoesNotFit) {
  target_.features.push_back("avx512f");
  EXPECT_FALSE(CanMeasure());
}

TEST_F(CanMeasureTest, BoardWithoutTheCodesMemoryDoesNotFit) {
  target_.code_memories = {"itcm", "sram1"};
  entry_.mutable_info()->add_features("code:itcm");
  EXPECT_FALSE(CanMeasure());
  entry_.mutable_info()->add_features("code:sram1");
  EXPECT_TRUE(CanMeasure());
}

TEST(MakeTimingTest, FinalRoundIsNeverCut) {
  MeasureOptions options;
  options.cut_above_ns = 1500;
  EXPECT_EQ(MakeTiming(options, false).cut_above_ns(), 1500);
  EXPECT_EQ(MakeTiming(options, true).cut_above_ns(), 0);
}

TEST(MakeTimingTest, SamplingEndsWellBeforeTheTimeout) {
  MeasureOptions options;
  options.timeout = absl::Seconds(10);
  const v1::TimingSpec timing = MakeTiming(options, false);
  EXPECT_EQ(timing.timeout_ns(), 10000000000u);
  EXPECT_LE(timing.max_timing_ns(), timing.timeout_ns() / 2);
}

}  // namespace
}  // namespace tunefarm::tuner
