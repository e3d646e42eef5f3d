// Random configs for Cortex-M, run on emulated cores: the result is the independent reference's,
// and s8 results are so for every scale, also where the short requantisation gives way to the
// general one.
#include <gtest/gtest.h>

#include <cstring>

#include "compiler/artifact/artifact.h"
#include "tests/property/compiler/random_config.h"
#include "tests/support/emulated_core/emulated_core.h"
#include "tests/support/kernel_check.h"
#include "tests/support/random_op.h"

namespace tunefarm::compiler {
namespace {

constexpr int kConfigsPerOperator = 3;
constexpr int kRandomOperators = 40;
constexpr size_t kBatch = 60;

uint64_t Seed() { return ::testing::UnitTest::GetInstance()->random_seed(); }

// Kernels that wait for one run of the emulator.
class Batch {
 public:
  explicit Batch(std::string target) : target_(std::move(target)) {}

  void Add(const Operator& op, const Target& target, const LoweredKernel& kernel,
           testing::CallBuffers buffers, const std::string& trace) {
    const auto artifact = BuildArtifact(kernel, target, "kernel");
    ASSERT_TRUE(artifact.ok()) << artifact.status();
    tasks_.push_back({*artifact, std::move(buffers)});
    operators_.push_back(op);
    traces_.push_back(trace);
    if (tasks_.size() >= kBatch) Check();
  }

  void Check() {
    if (tasks_.empty()) return;
    const auto target = ParseTarget(target_);
    const auto results = testing::RunOnCore(testing::MachineOf(target->cpu), tasks_);
    ASSERT_TRUE(results.ok()) << results.status();
    for (size_t i = 0; i < tasks_.size(); ++i) {
      const absl::Status same = testing::CompareWithReference(operators_[i], tasks_[i].buffers,
                                                              (*results)[i].buffers.back());
      EXPECT_TRUE(same.ok()) << target_ << " " << traces_[i] << ": " << same;
    }
    tasks_.clear();
    operators_.clear();
    traces_.clear();
  }

 private:
  const std::string target_;
  std::vector<testing::CoreTask> tasks_;
  std::vector<Operator> operators_;
  std::vector<std::string> traces_;
};

class CortexMPropertyTest : public ::testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    if (std::string why = testing::WhyNoEmulatedCore(); !why.empty()) GTEST_SKIP() << why;
  }
};

void AddConfigs(const Workload& workload, const std::string& target, base::Rng& rng, Batch& batch,
                const std::function<void(const Operator&, testing::CallBuffers&)>& change) {
  testing::ForRandomConfigs(
      workload, target, kConfigsPerOperator, rng,
      [&](const Operator& op, const Target& parsed, const LoweredKernel& kernel) {
        testing::CallBuffers buffers = testing::MakeCallBuffers(op, kernel, rng());
        change(op, buffers);
        batch.Add(op, parsed, kernel, std::move(buffers), Print(workload));
      });
}

TEST_P(CortexMPropertyTest, RandomConfigsOfAwkwardShapesComputeTheReference) {
  base::Rng rng(Seed());
  Batch batch(GetParam());
  for (const std::string& key : testing::AwkwardWorkloads()) {
    AddConfigs(*ParseWorkload(key), GetParam(), rng, batch,
               [](const Operator&, testing::CallBuffers&) {});
    if (HasFatalFailure()) return;
  }
  batch.Check();
}

TEST_P(CortexMPropertyTest, RandomOperatorsInS8ComputeTheReference) {
  base::Rng rng(Seed());
  Batch batch(GetParam());
  for (int i = 0; i < kRandomOperators;) {
    const Workload workload = testing::RandomWorkload(rng);
    if (workload.dtype != DType::kS8) continue;
    ++i;
    AddConfigs(workload, GetParam(), rng, batch, [](const Operator&, testing::CallBuffers&) {});
    if (HasFatalFailure()) return;
  }
  batch.Check();
}

// Scales, biases and zero points that the short requantisation cannot take, one at a time.
TEST_P(CortexMPropertyTest, ValuesOutOfTheShortRequantisationsRangeComputeTheReferenceToo) {
  struct Change {
    const char* buffer;
    int32_t value;
  };
  const Change changes[] = {
      {"shift", 0},        {"shift", 3},       {"shift", -23}, {"shift", -31},  {"bias", 1 << 30},
      {"bias", INT32_MIN}, {"multiplier", -5}, {"shifts", 0},  {"shifts", -30}, {"multipliers", 0}};
  base::Rng rng(Seed());
  Batch batch(GetParam());
  for (const char* key : {"conv2d/s8/nhwc/1x5x7x4/o6k3x3p1x1/bias+requant+relu",
                          "conv2d/s8/nhwc/1x5x5x8/o10k1x1/bias+requant",
                          "depthwise_conv2d/s8/nhwc/1x6x5x5/k3x3p1x1/bias+requant+clip-20:90",
                          "dense/s8/1x20/o10/bias+requant", "add/s8/nhwc/1x3x5x18/relu"}) {
    for (const Change& change : changes) {
      AddConfigs(*ParseWorkload(key), GetParam(), rng, batch,
                 [&](const Operator& op, testing::CallBuffers& buffers) {
                   for (size_t i = 0; i < op.inputs.size(); ++i) {
                     // The last channel alone: one is enough to leave the short way.
                     if (op.inputs[i].buffer->name == change.buffer) {
                       std::memcpy(buffers[i].data() + buffers[i].size() - 4, &change.value, 4);
                     }
                   }
                 });
      if (HasFatalFailure()) return;
    }
  }
  batch.Check();
}

INSTANTIATE_TEST_SUITE_P(Cores, CortexMPropertyTest,
                         ::testing::Values("cortex-m4", "cortex-m7", "cortex-m33",
                                           "cortex-m7,code=itcm+sram1"));

}  // namespace
}  // namespace tunefarm::compiler
