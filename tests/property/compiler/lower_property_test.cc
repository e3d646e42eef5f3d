// Random configs of every template, on operators with awkward shapes: the lowered kernel,
// interpreted, computes what the independent reference computes.
#include <gtest/gtest.h>

#include "base/rng.h"
#include "compiler/ir/print.h"
#include "compiler/lower/lower.h"
#include "compiler/schedule/template.h"
#include "tests/support/kernel_check.h"

namespace tunefarm::compiler {
namespace {

// Primes, ones, tails on every axis, borders wider than a tile, every layout and epilogue.
const char* const kWorkloads[] = {
    "conv2d/f32/nhwc/1x7x7x3/o5k3x3p1x1/bias+relu",
    "conv2d/f32/nhwc/2x5x11x4/o19k3x3s2x1p1x1/bias",
    "conv2d/f32/nhwc/1x9x9x2/o17k5x5p2x2/relu6",
    "conv2d/f32/nhwc/1x13x1x3/o33k3x1p1x0/bias+relu",
    "conv2d/f32/nhwc/1x8x8x4/o8k3x3d2x2p2x2",
    "conv2d/f32/nhwc/1x6x6x8/o12k3x3g4p1x1/bias",
    "conv2d/f32/nhwc/1x7x7x3/o4k7x7s2x2p3x3/bias+relu",
    "conv2d/f32/nhwc/1x6x5x3/o18k3x3p1x0x0x2/bias+relu",
    "conv2d/f32/nhwc/1x6x6x5/o18k1x1s2x2/bias",
    "conv2d/f32/nchw/1x3x7x5/o18k3x3p1x1/bias+relu",
    "conv2d/f32/nchw/1x3x6x5/o5k3x3",
    "conv2d/f32/nchw4c/1x2x7x5x4/o12k3x3p1x1/bias+relu",
    "conv2d/s8/nhwc/1x5x7x3/o18k3x3p1x1/bias+requant+relu",
    "conv2d/s8/nhwc/1x5x5x4/o10k1x1/bias+requant",
    "conv2d/f32/nhwc/1x5x5x7/o35k1x1/bias+relu",
    "depthwise_conv2d/f32/nhwc/1x9x7x5/k3x3p1x1/bias+relu",
    "depthwise_conv2d/f32/nhwc/1x9x8x18/k3x3s2x2p1x1",
    "depthwise_conv2d/f32/nhwc/1x7x7x3/k5x5p2x2m2/bias",
    "depthwise_conv2d/s8/nhwc/1x6x5x17/k3x3p1x1/bias+requant+relu",
    "depthwise_conv2d/f32/nchw/1x5x6x5/k3x3p1x1/bias",
    "dense/f32/3x13/o17/bias",
    "dense/s8/1x20/o10/bias+requant",
    "matmul/f32/7x37x11",
    "max_pool2d/f32/nhwc/1x9x7x5/k3x3s2x2p1x1",
    "max_pool2d/s8/nhwc/1x6x6x17/k2x2s2x2",
    "avg_pool2d/f32/nhwc/1x7x5x18/k3x3s2x2p1x1",
    "avg_pool2d/s8/nhwc/1x5x5x3/k5x5",
    "avg_pool2d/f32/nchw/1x3x5x7/k3x3p1x1",
    "add/f32/nhwc/1x3x5x7/b1x1x1x7",
    "add/s8/nhwc/1x3x5x18",
    "relu/f32/nhwc/2x3x5x19",
};
const char* const kTargets[] = {"x86-avx2", "x86-avx512"};
constexpr int kConfigsPerOperator = 6;

class LowerPropertyTest : public ::testing::TestWithParam<const char*> {};

TEST_P(LowerPropertyTest, RandomConfigsComputeTheReference) {
  const auto workload = ParseWorkload(GetParam());
  ASSERT_TRUE(workload.ok()) << workload.status();
  const auto op = BuildOperator(*workload);
  ASSERT_TRUE(op.ok()) << op.status();
  const uint64_t seed = ::testing::UnitTest::GetInstance()->random_seed();
  base::Rng rng(seed);
  for (const char* target_name : kTargets) {
    const auto target = ParseTarget(target_name);
    const auto bound = BindTemplate(*op, *target);
    ASSERT_TRUE(bound.ok()) << bound.status();
    const ConfigSpace& space = (*bound)->space();
    const std::vector<uint64_t> valid = space.ValidIndices(100000);
    ASSERT_FALSE(valid.empty());
    for (int i = 0; i < kConfigsPerOperator; ++i) {
      const Config config = space.At(valid[rng.Below(valid.size())]);
      SCOPED_TRACE(std::string(GetParam()) + " " + target_name + " " + space.Print(config) +
                   " --gtest_random_seed=" + std::to_string(seed));
      const auto schedule = (*bound)->MakeSchedule(config);
      ASSERT_TRUE(schedule.ok()) << schedule.status();
      const auto kernel = Lower(*op, *schedule);
      ASSERT_TRUE(kernel.ok()) << kernel.status();
      testing::CallBuffers buffers = testing::MakeCallBuffers(*op, *kernel, rng());
      const absl::Status ran = testing::Interpret(*kernel, buffers);
      ASSERT_TRUE(ran.ok()) << ran << "\n" << Print(kernel->run);
      const absl::Status same = testing::CompareWithReference(*op, buffers, buffers.back());
      ASSERT_TRUE(same.ok()) << same << "\n" << Print(*schedule) << Print(kernel->run);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(AwkwardShapes, LowerPropertyTest, ::testing::ValuesIn(kWorkloads));

}  // namespace
}  // namespace tunefarm::compiler
