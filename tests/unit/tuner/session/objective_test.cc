// What a session makes small on an emulated board, and what the log says of it.
#include "tuner/session/objective.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/fake_measurer.h"

namespace tunefarm::tuner {
namespace {

using ::testing::ElementsAre;

// 1000 instructions at 4 ns each, of code that takes 1.25 cycles per instruction.
MeasureReport Counted() {
  MeasureReport report = OkReport(4000);
  report.samples_ns = {4000, 4004};
  report.all_samples.assign(2, {});
  report.all_samples[0].value_ns = 4000;
  report.emulated = true;
  report.median_instructions = 1000;
  report.cycles_per_instruction = 1.25;
  report.cost_unit = CostUnit::kInstructions;
  report.ns_per_cost_unit = 4;
  return report;
}

TEST(ObjectiveTest, InstructionsAreTheCostAsTheEmulatorCountsThem) {
  MeasureReport report = Counted();
  ApplyObjective(Objective::kInstructions, report);
  EXPECT_EQ(report.median_ns / report.ns_per_cost_unit, 1000);
  EXPECT_EQ(report.cost_unit, CostUnit::kInstructions);
}

TEST(ObjectiveTest, EstimatedCyclesAreInstructionsTimesThoseOfTheCode) {
  MeasureReport report = Counted();
  ApplyObjective(Objective::kEstimatedCycles, report);
  EXPECT_EQ(report.median_ns / report.ns_per_cost_unit, 1250);
  EXPECT_THAT(report.samples_ns, ElementsAre(5000, 5005));
  EXPECT_EQ(report.all_samples[0].value_ns, 5000);
  EXPECT_EQ(report.cost_unit, CostUnit::kEstimatedCycles);
  EXPECT_EQ(report.median_instructions, 1000) << "what was counted stays";
}

TEST(ObjectiveTest, HardwareIsTimedWhateverTheObjective) {
  MeasureReport report = OkReport(4000);
  report.cycles_per_instruction = 1.25;
  ApplyObjective(Objective::kEstimatedCycles, report);
  EXPECT_EQ(report.median_ns, 4000);
  EXPECT_EQ(report.cost_unit, CostUnit::kNs);
}

TEST(ObjectiveTest, CodeWithoutAnEstimateIsNoResult) {
  MeasureReport report = Counted();
  report.cycles_per_instruction = 0;
  ApplyObjective(Objective::kEstimatedCycles, report);
  EXPECT_EQ(report.outcome, Outcome::kBuildFailed);
  EXPECT_TRUE(report.samples_ns.empty());
  EXPECT_FALSE(report.error.empty());
}

TEST(ObjectiveTest, UnderEstimatedCyclesNoCandidateIsCutByItsInstructions) {
  FakeMeasurer inner;
  inner.measure = [](const MeasureRequest&, int) { return Counted(); };
  ObjectiveMeasurer measurer(inner, Objective::kEstimatedCycles);
  MeasureOptions options;
  options.cut_above_ns = 4500;
  MeasureRequest request;
  request.config = "a";
  ASSERT_TRUE(measurer.Submit({request}, options).ok());
  ASSERT_EQ(inner.submitted().size(), 1u);
  EXPECT_EQ(inner.submitted()[0].options.cut_above_ns, 0);
  const auto report = measurer.Next(absl::ZeroDuration());
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->median_ns, 5000);
}

TEST(ObjectiveTest, NamesReadBackAndOthersAreRefused) {
  for (Objective objective : {Objective::kInstructions, Objective::kEstimatedCycles}) {
    EXPECT_EQ(*ParseObjective(Name(objective)), objective);
  }
  EXPECT_THAT(std::string(ParseObjective("cycles").status().message()),
              ::testing::HasSubstr("instructions, estimated-cycles"));
}

}  // namespace
}  // namespace tunefarm::tuner
