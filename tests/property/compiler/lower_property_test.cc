// Random configs of every template, on awkward and on random operators: the lowered kernel,
// interpreted, computes what the independent reference computes.
#include <gtest/gtest.h>

#include "compiler/ir/print.h"
#include "tests/property/compiler/random_config.h"
#include "tests/support/kernel_check.h"
#include "tests/support/random_op.h"

namespace tunefarm::compiler {
namespace {

constexpr int kConfigsPerOperator = 6;
constexpr int kRandomOperators = 150;

uint64_t Seed() { return ::testing::UnitTest::GetInstance()->random_seed(); }

void CheckByInterpreter(const Workload& workload, int num_configs, base::Rng& rng) {
  for (const char* target : {"x86-avx2", "x86-avx512", "rpi3-32", "rpi4", "rpi5", "cortex-m7"}) {
    testing::ForRandomConfigs(
        workload, target, num_configs, rng,
        [&rng](const Operator& op, const Target&, const LoweredKernel& kernel) {
          testing::CallBuffers buffers = testing::MakeCallBuffers(op, kernel, rng());
          const absl::Status ran = testing::Interpret(kernel, buffers);
          ASSERT_TRUE(ran.ok()) << ran << "\n" << Print(kernel.run);
          const absl::Status same = testing::CompareWithReference(op, buffers, buffers.back());
          ASSERT_TRUE(same.ok()) << same << "\n" << Print(kernel.run);
        });
  }
}

class LowerPropertyTest : public ::testing::TestWithParam<std::string> {};

TEST_P(LowerPropertyTest, RandomConfigsComputeTheReference) {
  const auto workload = ParseWorkload(GetParam());
  ASSERT_TRUE(workload.ok()) << workload.status();
  base::Rng rng(Seed());
  CheckByInterpreter(*workload, kConfigsPerOperator, rng);
}

INSTANTIATE_TEST_SUITE_P(AwkwardShapes, LowerPropertyTest,
                         ::testing::ValuesIn(testing::AwkwardWorkloads()));

TEST(LowerRandomOperatorTest, RandomConfigsOfRandomOperatorsComputeTheReference) {
  base::Rng rng(Seed());
  for (int i = 0; i < kRandomOperators && !HasFatalFailure(); ++i) {
    CheckByInterpreter(testing::RandomWorkload(rng), 1, rng);
  }
}

}  // namespace
}  // namespace tunefarm::compiler
