// The layers of three small networks by the configs that are taken where nothing was measured, on
// emulated cores: bit-exact, faster than CMSIS-NN by what is asked of tuned kernels, and near the
// best that tests/bench/cortex_m found. Instructions are deterministic, so this can hold exactly.
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "compiler/artifact/artifact.h"
#include "compiler/lower/lower.h"
#include "compiler/schedule/template.h"
#include "tests/bench/cortex_m/layers.h"
#include "tests/support/emulated_core/emulated_core.h"
#include "tests/support/kernel_check.h"
#include "tuner/search/default_config.h"

namespace tunefarm {
namespace {

constexpr uint64_t kDataSeed = 7;
constexpr double kNearTheBest = 1.03;
constexpr double kTotalGoal = 0.50;

// Instructions of the best config of every layer, added up (tests/bench/cortex_m/RESULTS.md).
struct Best {
  const char* target;
  std::map<std::string, double> instructions;
};
const Best kBest[] = {
    {"cortex-m7", {{"resnet8", 10126293}, {"dscnn_kws", 2801160}, {"cifar10_cnn", 9556909}}},
    {"cortex-m4", {{"resnet8", 10104276}, {"dscnn_kws", 2801393}, {"cifar10_cnn", 9528011}}},
};

class NetworkLayersTest : public ::testing::TestWithParam<Best> {
 protected:
  void SetUp() override {
    if (const std::string why = testing::WhyNoEmulatedCore(); !why.empty()) GTEST_SKIP() << why;
    const auto layers =
        bench::ReadPeerLayers(TUNEFARM_SOURCE_DIR "/tests/data/cortex_m/cmsis_nn_instructions.csv");
    ASSERT_TRUE(layers.ok()) << layers.status();
    layers_ = *layers;
  }

  // Adds the default kernel of a workload to those that are to run.
  void Add(const std::string& workload) {
    const compiler::Target target = *compiler::ParseTarget(GetParam().target);
    const compiler::Operator op = *compiler::BuildOperator(*compiler::ParseWorkload(workload));
    const auto bound = *compiler::BindTemplate(op, target);
    const auto config = tuner::DefaultConfig(
        bound->space(), [&](const compiler::Config& c) { return bound->Facts(c); }, target);
    ASSERT_TRUE(config.ok()) << config.status();
    const auto kernel = compiler::Lower(op, *bound->MakeSchedule(*config));
    ASSERT_TRUE(kernel.ok()) << kernel.status();
    const auto artifact = compiler::BuildArtifact(*kernel, target, "kernel");
    ASSERT_TRUE(artifact.ok()) << artifact.status();
    position_[workload] = tasks_.size();
    tasks_.push_back({*artifact, testing::MakeCallBuffers(op, *kernel, kDataSeed)});
    operators_.push_back(op);
    configs_.push_back(bound->space().Print(*config));
  }

  void RunAll() {
    const std::string machine = testing::MachineOf(compiler::ParseTarget(GetParam().target)->cpu);
    const auto results = testing::RunOnCore(machine, tasks_);
    ASSERT_TRUE(results.ok()) << results.status();
    for (size_t i = 0; i < tasks_.size(); ++i) {
      const absl::Status same = testing::CompareWithReference(operators_[i], tasks_[i].buffers,
                                                              (*results)[i].buffers.back());
      EXPECT_TRUE(same.ok()) << configs_[i] << ": " << same;
      instructions_.push_back(static_cast<double>((*results)[i].run_instructions));
    }
  }

  std::vector<bench::PeerLayer> layers_;
  std::map<std::string, size_t> position_;  // Of a workload in the following.
  std::vector<testing::CoreTask> tasks_;
  std::vector<compiler::Operator> operators_;
  std::vector<std::string> configs_;
  std::vector<double> instructions_;
};

TEST_P(NetworkLayersTest, UnmeasuredKernelsBeatCmsisNnAndAreNearTheBest) {
  for (const bench::PeerLayer& layer : layers_) {
    if (!position_.contains(layer.workload)) Add(layer.workload);
    if (HasFatalFailure()) return;
  }
  RunAll();
  if (HasFatalFailure()) return;
  const bool m7 = GetParam().target == std::string("cortex-m7");
  std::map<std::string, double> ours, peers;
  for (const bench::PeerLayer& layer : layers_) {
    const size_t at = position_[layer.workload];
    const auto peer = static_cast<double>(m7 ? layer.m7_peer : layer.m4_peer);
    ours[layer.model] += instructions_[at];
    peers[layer.model] += peer;
    if (layer.goal == 0) continue;
    EXPECT_LE(instructions_[at] / peer, layer.goal) << layer.workload << " " << configs_[at];
  }
  for (const auto& [model, best] : GetParam().instructions) {
    EXPECT_LE(ours[model] / peers[model], kTotalGoal) << model;
    EXPECT_LE(ours[model] / best, kNearTheBest) << model;
  }
}

INSTANTIATE_TEST_SUITE_P(Cores, NetworkLayersTest, ::testing::ValuesIn(kBest),
                         [](const auto& core) { return core.index == 0 ? "M7" : "M4"; });

}  // namespace
}  // namespace tunefarm
