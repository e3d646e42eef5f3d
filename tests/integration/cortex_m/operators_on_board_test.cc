// Every operator that Cortex-M boards are tuned for, the whole way: proposed, built, loaded through
// OpenOCD, verified on the emulated core against the reference, logged, found again, deployed, and
// the deployed program run, which checks itself by plain C.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "nlohmann/json.hpp"
#include "tests/support/mcu_farm/deployed_example.h"
#include "tests/support/mcu_farm/missing_programs.h"
#include "tests/support/program.h"

namespace tunefarm {
namespace {

using ::testing::HasSubstr;
using ::tunefarm::testing::Finished;
using ::tunefarm::testing::LastLine;
using ::tunefarm::testing::Program;
using ::tunefarm::testing::RunProgram;
using ::tunefarm::testing::TempFolder;

// s8 results equal the reference's to the last bit; f32 ones within the operator's tolerance.
constexpr const char* kWorkloads[] = {
    "conv2d/s8/nhwc/1x8x8x16/o16k3x3p1x1/bias+requant+relu",
    "conv2d/s8/nhwc/1x9x9x3/o8k5x5s2x2p2x2/bias+requant+relu",
    "conv2d/s8/nhwc/1x5x5x16/o8k1x1/bias+requant+relu",
    "depthwise_conv2d/s8/nhwc/1x9x5x8/k3x3p1x1/bias+requant+relu",
    "dense/s8/1x64/o12/bias+requant",
    "max_pool2d/s8/nhwc/1x9x9x8/k3x3s2x2p0x0x1x1",
    "avg_pool2d/s8/nhwc/1x8x8x8/k8x8",
    "add/s8/nhwc/1x8x8x16/relu",
    "softmax/s8/1x12",
    "conv2d/f32/nhwc/1x8x8x4/o8k3x3p1x1/bias+relu",
    "depthwise_conv2d/f32/nhwc/1x8x8x8/k3x3p1x1/bias+relu",
    "dense/f32/1x64/o12/bias",
    "max_pool2d/f32/nhwc/1x9x9x4/k3x3s2x2p0x0x1x1",
    "avg_pool2d/f32/nhwc/1x8x8x8/k8x8",
    "add/f32/nhwc/1x8x8x4/relu",
    "softmax/f32/1x12",
};

struct Core {
  const char* target;
  const char* machine;
};

class OperatorsOnBoardTest : public ::testing::TestWithParam<Core> {
 protected:
  void SetUp() override {
    const std::string missing = testing::MissingForEmulatedBoards();
    if (!missing.empty()) GTEST_SKIP() << missing;
  }

  // Tunes and logs; whether each trial was right.
  void Tune(const std::string& workload, const std::string& tracker) {
    const Finished tune =
        RunProgram("tuner", {"tune", workload, "--target", GetParam().target, "--tracker", tracker,
                             "--trials", "3", "--db", db_, "--json"});
    ASSERT_EQ(tune.code, 0) << tune.err;
    const nlohmann::json done = nlohmann::json::parse(LastLine(tune.out));
    EXPECT_EQ(done["outcomes"], nlohmann::json({{"ok", done["trials"]}})) << done;
    EXPECT_EQ(done["best"]["device"], GetParam().machine);
  }

  void DeployAndRun(const std::string& workload) {
    const Finished deployed = RunProgram(
        "tuner", {"deploy", "kernel", "--out", folder_.File("out"), "--workload", workload,
                  "--target", GetParam().target, "--db", db_, "--include-emulated"});
    ASSERT_EQ(deployed.code, 0) << deployed.err;
    const Finished ran =
        testing::RunDeployedExample(folder_.File("out"), GetParam().target, GetParam().machine);
    EXPECT_EQ(ran.code, 0) << ran.err;
    EXPECT_THAT(ran.out + ran.err, HasSubstr("ok: "));
  }

  const TempFolder folder_;
  const std::string db_ = folder_.File("tuner.db");
};

TEST_P(OperatorsOnBoardTest, EachOperatorIsRightOnTheBoardAndWhereItIsDeployed) {
  Program tracker("tuner-tracker", {"--listen", "127.0.0.1:0"});
  const std::string address = tracker.ReadLine().substr(std::string("listening on ").size());
  Program agent("tuner-mcu-agent",
                {"--board", std::string("emulated:") + GetParam().machine, "--tracker", address});
  ASSERT_THAT(agent.ReadLine(), HasSubstr(GetParam().machine));
  for (const char* workload : kWorkloads) {
    SCOPED_TRACE(workload);
    ASSERT_NO_FATAL_FAILURE(Tune(workload, address));
    ASSERT_NO_FATAL_FAILURE(DeployAndRun(workload));
  }
}

INSTANTIATE_TEST_SUITE_P(Cores, OperatorsOnBoardTest,
                         ::testing::Values(Core{"cortex-m7", "mps2-an500"},
                                           Core{"cortex-m4", "mps2-an386"}));

}  // namespace
}  // namespace tunefarm
