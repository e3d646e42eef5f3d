// Boards under QEMU's user mode: the real agents of both word sizes join a real tracker, and run
// kernels of every operator that the real compiler built for their processors.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <memory>
#include <set>

#include "base/rng.h"
#include "compiler/op/operator.h"
#include "compiler/schedule/template.h"
#include "compiler/target/target.h"
#include "tests/integration/cross/boards.h"
#include "tests/support/program.h"
#include "tuner/measure/farm.h"

namespace tunefarm::tuner {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;
using tunefarm::testing::Finished;
using tunefarm::testing::Program;
using tunefarm::testing::RunProgram;
using tunefarm::testing::TempFolder;

// Every operator, the types it has, and what its templates treat differently: stride, padding,
// groups, a window of one, channels that fill no vector, epilogues.
constexpr const char* kWorkloads[] = {
    "conv2d/f32/nhwc/1x10x10x8/o16k3x3p1x1/bias+relu",
    "conv2d/f32/nhwc/1x9x9x8/o8k3x3s2x2p1x1/bias",
    "conv2d/f32/nhwc/1x7x7x16/o24k1x1/bias+relu",
    "conv2d/f32/nhwc/1x8x8x3/o5k5x5s2x2p2x2",
    "conv2d/f32/nhwc/1x6x6x8/o8k3x3p1x1g2/bias",
    "conv2d/s8/nhwc/1x10x10x8/o16k3x3p1x1/bias+requant+relu",
    "conv2d/s8/nhwc/1x7x7x16/o24k1x1/bias+requant",
    "depthwise_conv2d/f32/nhwc/1x10x10x16/k3x3p1x1/bias+relu",
    "depthwise_conv2d/f32/nhwc/1x9x9x10/k3x3s2x2p1x1/bias",
    "depthwise_conv2d/s8/nhwc/1x10x10x16/k3x3p1x1/bias+requant",
    "dense/f32/2x40/o24/bias",
    "dense/s8/2x40/o24/bias+requant",
    "matmul/f32/17x23x29",
    "matmul/s8/16x32x24",
    "max_pool2d/f32/nhwc/1x9x9x12/k3x3s2x2p1x1",
    "max_pool2d/s8/nhwc/1x8x8x16/k2x2s2x2",
    "avg_pool2d/f32/nhwc/1x7x7x16/k7x7",
    "avg_pool2d/s8/nhwc/1x7x7x16/k3x3s2x2p1x1",
    "add/f32/nhwc/1x7x7x16/relu",
    "add/s8/nhwc/1x4x4x24",
    "relu/f32/nhwc/1x3x3x7",
    "relu/s8/nhwc/1x3x3x7",
};
constexpr uint64_t kConfigsPerWorkload = 3;
constexpr uint64_t kSeed = 20250611;
constexpr absl::Duration kPatience = absl::Seconds(60);

// Some configs from anywhere in the space of the workload's template.
std::vector<std::string> SomeConfigs(const std::string& workload, const compiler::Target& target) {
  const auto op = compiler::BuildOperator(*compiler::ParseWorkload(workload));
  const auto bound = compiler::BindTemplate(*op, target);
  EXPECT_TRUE(bound.ok()) << bound.status();
  const std::vector<uint64_t> valid = (*bound)->space().ValidIndices(10'000);
  base::Rng rng(kSeed);
  std::set<std::string> configs;
  for (uint64_t i = 0; i < kConfigsPerWorkload; ++i) {
    configs.insert((*bound)->space().Print((*bound)->space().At(valid[rng.Below(valid.size())])));
  }
  return {configs.begin(), configs.end()};
}

class EmulatedBoardTest : public ::testing::TestWithParam<Board> {
 protected:
  void SetUp() override {
    const EmulatedAgent found = FindAgent(GetParam().preset);
    if (!found.missing.empty()) GTEST_SKIP() << found.missing;
    setenv("QEMU_CPU", GetParam().qemu_cpu.c_str(), 1);
    tracker_ = std::make_unique<Program>("tuner-tracker",
                                         std::vector<std::string>{"--listen", "127.0.0.1:0"});
    const std::string line = tracker_->ReadLine();
    ASSERT_THAT(line, StartsWith("listening on "));
    address_ = line.substr(line.rfind(' ') + 1);
    agent_ = std::make_unique<Program>(
        found.emulator, std::vector<std::string>{found.agent, "--tracker", address_, "--name",
                                                 GetParam().name, "--emulator", found.emulator});
    ASSERT_EQ(agent_->ReadLine(), "connected to " + address_ + " as " + GetParam().name)
        << agent_->Errors();
    FarmSpec spec;
    spec.tracker.host_port = address_;
    spec.builders.num_workers = 2;
    spec.owner = "test";
    absl::StatusOr<std::unique_ptr<Farm>> farm = Farm::Open(spec);
    ASSERT_TRUE(farm.ok()) << farm.status();
    farm_ = *std::move(farm);
  }

  std::string address_;
  std::unique_ptr<Program> tracker_, agent_;
  std::unique_ptr<Farm> farm_;
};

TEST_P(EmulatedBoardTest, KernelsOfEveryOperatorAreBuiltRunAndVerified) {
  SCOPED_TRACE(::testing::Message() << "seed " << kSeed);
  const compiler::Target target = *compiler::ParseTarget(GetParam().target);
  std::vector<MeasureRequest> requests;
  for (const char* workload : kWorkloads) {
    for (const std::string& config : SomeConfigs(workload, target)) {
      MeasureRequest request;
      request.ticket = requests.size() + 1;
      request.workload = compiler::Print(*compiler::ParseWorkload(workload));
      request.target = compiler::Print(target);
      request.config = config;
      requests.push_back(request);
    }
  }
  const std::unique_ptr<Measurer> measurer = farm_->NewMeasurer();
  MeasureOptions options;
  options.num_samples = 1;
  options.min_sample = absl::ZeroDuration();
  ASSERT_TRUE(measurer->Submit(requests, options).ok());
  for (size_t i = 0; i < requests.size(); ++i) {
    const absl::StatusOr<MeasureReport> report = measurer->Next(kPatience);
    ASSERT_TRUE(report.ok()) << report.status() << ", waiting: " << measurer->waiting_reason();
    const MeasureRequest& request = requests[report->ticket - 1];
    EXPECT_EQ(report->outcome, Outcome::kOk)
        << Name(report->outcome) << " in " << report->phase << ": " << report->error << "\n"
        << request.workload << " " << request.config;
    EXPECT_EQ(report->device, GetParam().name);
    EXPECT_TRUE(report->emulated);
  }
  std::printf("%zu kernels of %zu workloads verified on %s\n", requests.size(),
              std::size(kWorkloads), GetParam().target.c_str());
}

TEST_P(EmulatedBoardTest, TimingsAreShownOnlyToWhoAsksForThoseOfEmulators) {
  const TempFolder folder;
  const std::vector<std::string> task = {"dense/f32/2x40/o24/bias", "--target", GetParam().target,
                                         "--db", folder.File("tuner.db")};
  const auto run = [&task](std::vector<std::string> command, const std::vector<std::string>& more) {
    command.insert(command.end(), task.begin(), task.end());
    command.insert(command.end(), more.begin(), more.end());
    return RunProgram("tuner", command);
  };
  const Finished tuned =
      run({"tune"}, {"--tracker", address_, "--strategy", "random", "--trials", "3"});
  ASSERT_EQ(tuned.code, 0) << tuned.err;
  EXPECT_THAT(tuned.out, HasSubstr("on " + GetParam().name + " (an emulator's timing)"));

  const Finished best = run({"query", "best", "--workload"}, {});
  EXPECT_EQ(best.code, 0) << best.err;
  EXPECT_THAT(best.out, HasSubstr("how       default"));
  EXPECT_THAT(best.err, HasSubstr("an emulated board has measured it (" + GetParam().name + ")"));
  const Finished emulated = run({"query", "best", "--workload"}, {"--include-emulated"});
  EXPECT_EQ(emulated.code, 0) << emulated.err;
  EXPECT_THAT(emulated.out, HasSubstr("how       exact"));
  EXPECT_THAT(emulated.out, HasSubstr("on " + GetParam().name));
}

INSTANTIATE_TEST_SUITE_P(Boards, EmulatedBoardTest, ::testing::ValuesIn(Boards()),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace tunefarm::tuner
