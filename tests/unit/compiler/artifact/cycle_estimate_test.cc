// Cycles per instruction by LLVM's models of the cores.
#include "compiler/artifact/cycle_estimate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "compiler/artifact/artifact.h"
#include "compiler/lower/lower.h"
#include "compiler/op/operator.h"

namespace tunefarm::compiler {
namespace {

Artifact Built(const Step& step, const std::string& target) {
  const auto op =
      BuildOperator(*ParseWorkload("conv2d/s8/nhwc/1x6x6x32/o16k3x3p1x1/bias+requant+relu"));
  const auto kernel = Lower(*op, Schedule{{step}});
  EXPECT_TRUE(kernel.ok()) << kernel.status();
  const auto artifact = BuildArtifact(*kernel, *ParseTarget(target), "kernel");
  EXPECT_TRUE(artifact.ok()) << artifact.status();
  return *artifact;
}

TEST(CycleEstimateTest, BoardsKernelsHaveOneInTheRangeOfTheirCores) {
  // The M4 issues one instruction at a time, and a load of two words takes more than one cycle; the
  // M7 issues two.
  const auto estimate = EstimateCyclesPerInstruction(
      Built(ExpandPairTile("out", {2, 4, 8}), "cortex-m4").object, "kernel",
      *ParseTarget("cortex-m4"));
  ASSERT_TRUE(estimate.ok()) << estimate.status();
  const double m4 = *estimate;
  const double m7 = Built(ExpandPairTile("out", {2, 4, 8}), "cortex-m7").cycles_per_instruction;
  EXPECT_GT(m4, 1.0);
  EXPECT_LT(m4, 2.0);
  EXPECT_GT(m7, 0.5);
  EXPECT_LT(m7, m4);
}

TEST(CycleEstimateTest, MoreLoadsPerMultiplyAddMakeMoreCyclesOnAnM4) {
  const double few = Built(ExpandPairTile("out", {2, 4, 8}), "cortex-m4").cycles_per_instruction;
  const double many = Built(ExpandPairTile("out", {1, 1, 8}), "cortex-m4").cycles_per_instruction;
  EXPECT_GT(many, few);
}

TEST(CycleEstimateTest, OtherMachinesAndFunctionsHaveNone) {
  const Artifact artifact = Built(ExpandPairTile("out", {2, 4, 8}), "cortex-m4");
  EXPECT_TRUE(absl::IsNotFound(
      EstimateCyclesPerInstruction(artifact.object, "nothing", *ParseTarget("cortex-m4"))
          .status()));
  EXPECT_FALSE(EstimateCyclesPerInstruction("no object", "kernel", *ParseTarget("cortex-m4")).ok());
  EXPECT_EQ(Built(ExpandPairTile("out", {2, 4, 8}), "x86-avx2").cycles_per_instruction, 0);
}

}  // namespace
}  // namespace tunefarm::compiler
