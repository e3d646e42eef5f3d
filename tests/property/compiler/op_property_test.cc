// Random workloads: the stages of an operator, interpreted as they stand, compute what the
// independent reference computes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <set>
#include <tuple>

#include "base/rng.h"
#include "compiler/ir/interpret.h"
#include "compiler/ir/parse.h"
#include "compiler/ir/print.h"
#include "compiler/ir/verify.h"
#include "compiler/op/evaluate.h"
#include "tests/support/kernel_check.h"
#include "tests/support/random_op.h"
#include "tests/support/status_matchers.h"

namespace tunefarm::compiler {
namespace {

using ::tunefarm::testing::IsOk;
using ::tunefarm::testing::RandomWorkload;

constexpr uint64_t kNumSeeds = 400;

// Calls check(operator) for one random workload per seed; a failure names the seed and the key.
template <typename Check>
void ForRandomOperators(uint64_t num_seeds, Check&& check) {
  for (uint64_t seed = 0; seed < num_seeds; ++seed) {
    base::Rng rng(seed);
    const Workload workload = RandomWorkload(rng);
    SCOPED_TRACE("seed " + std::to_string(seed) + ": " + Print(workload));
    const auto op = BuildOperator(workload);
    ASSERT_THAT(op, IsOk());
    check(*op, seed);
    if (::testing::Test::HasFatalFailure()) return;
  }
}

std::vector<TensorBytes> Inputs(const Operator& op, uint64_t seed) {
  std::vector<TensorBytes> inputs;
  for (size_t i = 0; i < op.inputs.size(); ++i) inputs.push_back(FillInput(op, i, seed));
  return inputs;
}

TEST(OpPropertyTest, StagesComputeTheReference) {
  // The test data makes float sums exact, so the comparison is of bits; but for softmax.
  ForRandomOperators(kNumSeeds, [](const Operator& op, uint64_t seed) {
    ASSERT_THAT(Verify(NaiveLoops(op)), IsOk());
    const std::vector<TensorBytes> inputs = Inputs(op, seed);
    const auto want = ReferenceOutput(op, inputs);
    ASSERT_THAT(want, IsOk());
    const auto got = EvaluateStages(op, inputs);
    ASSERT_THAT(got, IsOk());
    if (op.workload.op == OpKind::kSoftmax && op.workload.dtype == DType::kF32) {
      ASSERT_THAT(testing::CompareWithReference(op, inputs, *got), IsOk());
    } else {
      ASSERT_EQ(*got, *want) << Print(NaiveLoops(op));
    }
  });
}

TEST(OpPropertyTest, LoopNestsReadBackFromTheirTextAreTheSame) {
  ForRandomOperators(kNumSeeds, [](const Operator& op, uint64_t seed) {
    const std::string text = Print(NaiveLoops(op));
    const auto parsed = ParseFunction(text);
    ASSERT_THAT(parsed, IsOk()) << text;
    ASSERT_EQ(Print(*parsed), text);
    if (seed % 8 != 0) return;
    std::vector<TensorBytes> inputs = Inputs(op, seed);
    const auto want = ReferenceOutput(op, inputs);
    TensorBytes out(want->size());
    std::vector<TensorBytes*> buffers;
    for (TensorBytes& input : inputs) buffers.push_back(&input);
    buffers.push_back(&out);
    ASSERT_THAT(Interpret(*parsed, buffers), IsOk());
    ASSERT_THAT(testing::CompareWithReference(op, inputs, out), IsOk());
  });
}

TEST(OpPropertyTest, RandomWorkloadsMeetEveryOperatorTypeAndLayout) {
  std::set<std::tuple<OpKind, DType, Layout>> met;
  bool grouped = false, dilated = false, lopsided = false, broadcast = false, residual = false;
  ForRandomOperators(kNumSeeds, [&](const Operator& op, uint64_t) {
    const Workload& w = op.workload;
    met.insert({w.op, w.dtype, w.layout});
    grouped |= w.groups > 1;
    dilated |= w.dilation_h > 1;
    lopsided |= w.pad_top != w.pad_bottom;
    broadcast |= w.broadcast[0] > 0;
    residual |= w.epilogue.add;
  });
  // Six operators on images, depthwise without a blocked layout; two matrix products and softmax;
  // two types each.
  EXPECT_EQ(met.size(), (6u * 3 - 1 + 3) * 2);
  EXPECT_TRUE(grouped && dilated && lopsided && broadcast && residual);
}

}  // namespace
}  // namespace tunefarm::compiler
