// Random configs, compiled by LLVM, linked, loaded and run: the result is the independent
// reference's, with one worker and with two. AVX-512 code runs only where this machine has it.
#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <memory>

#include "compiler/artifact/artifact.h"
#include "compiler/artifact/load.h"
#include "tests/property/compiler/random_config.h"
#include "tests/support/kernel_check.h"
#include "tests/support/random_op.h"

namespace tunefarm::compiler {
namespace {

constexpr int kConfigsPerOperator = 2;
constexpr int kRandomOperators = 40;

uint64_t Seed() { return ::testing::UnitTest::GetInstance()->random_seed(); }

struct FreeMemory {
  void operator()(void* memory) const { std::free(memory); }
};
using Memory = std::unique_ptr<void, FreeMemory>;

absl::Status RunCompiled(const Operator& op, const Target& target, const LoweredKernel& kernel,
                         uint64_t seed, int num_threads) {
  TUNEFARM_ASSIGN_OR_RETURN(const Artifact artifact, BuildArtifact(kernel, target, "kernel"));
  TUNEFARM_ASSIGN_OR_RETURN(const LoadedKernel loaded, LoadedKernel::Load(artifact));
  testing::CallBuffers buffers = testing::MakeCallBuffers(op, kernel, seed);
  std::vector<Memory> memory;
  std::vector<void*> pointers;
  for (const auto& buffer : buffers) {
    memory.emplace_back(std::aligned_alloc(64, (buffer.size() / 64 + 1) * 64));
    pointers.push_back(memory.back().get());
    std::memcpy(pointers.back(), buffer.data(), buffer.size());
  }
  TUNEFARM_RETURN_IF_ERROR(loaded.Prepare(pointers, num_threads));
  TUNEFARM_RETURN_IF_ERROR(loaded.Run(pointers, num_threads));
  std::memcpy(buffers.back().data(), pointers.back(), buffers.back().size());
  return testing::CompareWithReference(op, buffers, buffers.back());
}

void CheckByCompiler(const Workload& workload, int num_configs, base::Rng& rng) {
  const auto native = ParseTarget("native");
  ASSERT_TRUE(native.ok()) << native.status();
  std::vector<std::string> targets;
  if (native->HasFeature("avx2")) targets.push_back("x86-avx2");
  if (native->HasFeature("avx512f")) targets.push_back("x86-avx512");
  if (targets.empty()) GTEST_SKIP() << "this machine has neither AVX2 nor AVX-512";
  for (const std::string& target_name : targets) {
    testing::ForRandomConfigs(
        workload, target_name, num_configs, rng,
        [&rng](const Operator& op, const Target& target, const LoweredKernel& kernel) {
          for (int num_threads : {1, 2}) {
            const absl::Status status = RunCompiled(op, target, kernel, rng(), num_threads);
            ASSERT_TRUE(status.ok()) << num_threads << " threads: " << status;
          }
        });
  }
}

class CompiledPropertyTest : public ::testing::TestWithParam<std::string> {};

TEST_P(CompiledPropertyTest, RandomConfigsComputeTheReference) {
  const auto workload = ParseWorkload(GetParam());
  ASSERT_TRUE(workload.ok()) << workload.status();
  base::Rng rng(Seed());
  CheckByCompiler(*workload, kConfigsPerOperator, rng);
}

INSTANTIATE_TEST_SUITE_P(AwkwardShapes, CompiledPropertyTest,
                         ::testing::ValuesIn(testing::AwkwardWorkloads()));

TEST(CompiledRandomOperatorTest, RandomConfigsOfRandomOperatorsComputeTheReference) {
  base::Rng rng(Seed());
  for (int i = 0; i < kRandomOperators && !HasFatalFailure(); ++i) {
    CheckByCompiler(testing::RandomWorkload(rng), 1, rng);
  }
}

}  // namespace
}  // namespace tunefarm::compiler
