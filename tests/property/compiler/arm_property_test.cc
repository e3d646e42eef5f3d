// Random configs for every Arm board, compiled by LLVM and run under QEMU's user mode: the result
// is the independent reference's, with and without a parallel_for, and no byte behind a buffer is
// touched. Without clang 19, lld 19 or QEMU the tests skip.
#include <gtest/gtest.h>

#include "compiler/artifact/artifact.h"
#include "tests/property/compiler/random_config.h"
#include "tests/support/arm_machine/arm_machine.h"
#include "tests/support/kernel_check.h"
#include "tests/support/random_op.h"

namespace tunefarm::compiler {
namespace {

using ::tunefarm::testing::ArmMachine;

constexpr int kConfigsPerOperator = 2;
constexpr int kRandomOperators = 20;

uint64_t Seed() { return ::testing::UnitTest::GetInstance()->random_seed(); }

absl::Status RunEmulated(const Operator& op, const Target& target, const LoweredKernel& kernel,
                         uint64_t seed, bool parallel, ArmMachine& machine) {
  TUNEFARM_ASSIGN_OR_RETURN(const Artifact artifact, BuildArtifact(kernel, target, "kernel"));
  testing::CallBuffers buffers = testing::MakeCallBuffers(op, kernel, seed);
  TUNEFARM_ASSIGN_OR_RETURN(const std::vector<uint8_t> output,
                            machine.Run(artifact, buffers, {.parallel = parallel}));
  return testing::CompareWithReference(op, buffers, output);
}

void CheckOnBoard(const Workload& workload, const std::string& board, int num_configs,
                  base::Rng& rng) {
  const auto target = ParseTarget(board);
  ASSERT_TRUE(target.ok()) << target.status();
  auto machine = ArmMachine::Make(target->triple);
  if (!machine.ok()) GTEST_SKIP() << machine.status();
  testing::ForRandomConfigs(
      workload, board, num_configs, rng,
      [&](const Operator& op, const Target& target, const LoweredKernel& kernel) {
        const bool parallel = rng.Below(2) == 1;
        const absl::Status status = RunEmulated(op, target, kernel, rng(), parallel, *machine);
        ASSERT_TRUE(status.ok()) << (parallel ? "parallel: " : "alone: ") << status;
      });
}

const std::vector<std::string>& Boards() {
  static const auto* const boards =
      new std::vector<std::string>{"rpi3", "rpi3-32", "rpi4", "rpi5", "android-arm64"};
  return *boards;
}

class ArmPropertyTest : public ::testing::TestWithParam<std::string> {};

TEST_P(ArmPropertyTest, RandomConfigsComputeTheReferenceOnEveryBoard) {
  const auto workload = ParseWorkload(GetParam());
  ASSERT_TRUE(workload.ok()) << workload.status();
  base::Rng rng(Seed());
  for (const std::string& board : Boards()) {
    CheckOnBoard(*workload, board, kConfigsPerOperator, rng);
    if (HasFatalFailure()) return;
  }
}

// Beside the awkward shapes, whose channels are few: enough of them for lanes, groups and rotation.
INSTANTIATE_TEST_SUITE_P(AwkwardShapes, ArmPropertyTest,
                         ::testing::ValuesIn(testing::AwkwardWorkloads()));
INSTANTIATE_TEST_SUITE_P(
    ManyChannels, ArmPropertyTest,
    ::testing::Values("conv2d/f32/nhwc/1x9x17x16/o24k3x3p1x1/bias+relu",
                      "conv2d/f32/nhwc/1x8x9x21/o20k3x3s2x2p1x1/bias",
                      "conv2d/f32/nhwc/1x7x11x32/o40k1x1/bias+relu", "matmul/f32/37x43x67",
                      "conv2d/s8/nhwc/1x6x9x24/o40k3x3p1x1/bias+requant+relu",
                      "conv2d/s8/nhwc/1x6x9x37/o36k1x1/bias+requant",
                      "depthwise_conv2d/s8/nhwc/1x9x9x40/k3x3s2x2p1x1/bias+requant"));

// Loads of a loop's next iteration, in the spaces of in-order cores alone.
TEST(ArmLoadsAheadTest, LoopsThatLoadForTheNextIterationComputeTheReference) {
  const auto op =
      BuildOperator(*ParseWorkload("conv2d/s8/nhwc/1x6x9x24/o40k3x3p1x1/bias+requant+relu"));
  const Target target = *ParseTarget("rpi3");
  auto machine = ArmMachine::Make(target.triple);
  if (!machine.ok()) GTEST_SKIP() << machine.status();
  const auto bound = *BindTemplate(*op, target);
  const auto config = bound->space().Parse(
      "tile_oh=1,tile_ow=8,tile_oc=1,unroll_ic=1,terms=1,block_oh=0,padding=3,lanes=1,ahead=8,"
      "group=0");
  ASSERT_TRUE(config.ok()) << config.status();
  const auto kernel = Lower(*op, *bound->MakeSchedule(*config));
  ASSERT_TRUE(kernel.ok()) << kernel.status();
  for (const bool parallel : {false, true}) {
    const absl::Status status = RunEmulated(*op, target, *kernel, Seed(), parallel, *machine);
    EXPECT_TRUE(status.ok()) << (parallel ? "parallel: " : "alone: ") << status;
  }
}

TEST(ArmRandomOperatorTest, RandomConfigsOfRandomOperatorsComputeTheReference) {
  base::Rng rng(Seed());
  for (int i = 0; i < kRandomOperators && !HasFatalFailure(); ++i) {
    const Workload workload = testing::RandomWorkload(rng);
    CheckOnBoard(workload, Boards()[rng.Below(Boards().size())], 1, rng);
  }
}

}  // namespace
}  // namespace tunefarm::compiler
