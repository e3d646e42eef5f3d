// Shared by the property tests of lowering and codegen: awkward workloads, and one random config
// after another of the template that takes them.
#ifndef TUNEFARM_TESTS_PROPERTY_COMPILER_RANDOM_CONFIG_H_
#define TUNEFARM_TESTS_PROPERTY_COMPILER_RANDOM_CONFIG_H_

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "base/rng.h"
#include "compiler/lower/lower.h"
#include "compiler/schedule/template.h"

namespace tunefarm::testing {

// Primes, ones, tails on every axis, borders wider than a tile, every layout and epilogue.
inline const std::vector<std::string>& AwkwardWorkloads() {
  static const auto* const workloads = new std::vector<std::string>{
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
      "conv2d/s8/nhwc/1x5x5x7/o33k1x1/bias+requant",
      "conv2d/f32/nhwc/1x5x5x7/o35k1x1/bias+relu",
      "depthwise_conv2d/f32/nhwc/1x9x7x5/k3x3p1x1/bias+relu",
      "depthwise_conv2d/f32/nhwc/1x9x8x18/k3x3s2x2p1x1",
      "depthwise_conv2d/f32/nhwc/1x7x7x3/k5x5p2x2m2/bias",
      "depthwise_conv2d/s8/nhwc/1x6x5x17/k3x3p1x1/bias+requant+relu",
      "depthwise_conv2d/s8/nhwc/1x2x1x3/k1x2p0x2x1x1/bias+requant",
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
      "softmax/f32/3x17",
      "softmax/s8/3x17",
      "softmax/s8/1x1",
      "softmax/s8/1x1001",
  };
  return *workloads;
}

// Lowers `num_configs` random valid configs of the workload's template on the target and hands each
// kernel to `check`, with a trace that says how to run it again.
inline void ForRandomConfigs(
    const compiler::Workload& workload, const std::string& target_name, int num_configs,
    base::Rng& rng,
    const std::function<void(const compiler::Operator&, const compiler::Target&,
                             const compiler::LoweredKernel&)>& check) {
  const auto op = compiler::BuildOperator(workload);
  ASSERT_TRUE(op.ok()) << op.status();
  const auto target = compiler::ParseTarget(target_name);
  ASSERT_TRUE(target.ok()) << target.status();
  const auto bound = compiler::BindTemplate(*op, *target);
  ASSERT_TRUE(bound.ok()) << bound.status();
  const compiler::ConfigSpace& space = (*bound)->space();
  const std::vector<uint64_t> valid = space.ValidIndices(100000);
  ASSERT_FALSE(valid.empty()) << compiler::Print(workload) << " has no valid config on "
                              << target_name;
  for (int i = 0; i < num_configs; ++i) {
    const compiler::Config config = space.At(valid[rng.Below(valid.size())]);
    SCOPED_TRACE(compiler::Print(workload) + " " + target_name + " " + space.Print(config) +
                 " --gtest_random_seed=" +
                 std::to_string(::testing::UnitTest::GetInstance()->random_seed()));
    const auto schedule = (*bound)->MakeSchedule(config);
    ASSERT_TRUE(schedule.ok()) << schedule.status();
    const auto kernel = compiler::Lower(*op, *schedule);
    ASSERT_TRUE(kernel.ok()) << kernel.status() << "\n" << Print(*schedule);
    check(*op, *target, *kernel);
    if (::testing::Test::HasFatalFailure()) return;
  }
}

}  // namespace tunefarm::testing

#endif  // TUNEFARM_TESTS_PROPERTY_COMPILER_RANDOM_CONFIG_H_
