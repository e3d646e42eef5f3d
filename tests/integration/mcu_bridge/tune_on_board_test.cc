// The command line on a board without hardware: the real tuner, tracker, agent, OpenOCD and QEMU.
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

constexpr char kWorkload[] = "conv2d/s8/nhwc/1x5x5x16/o8k1x1/bias+requant+relu";

class TuneOnBoardTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const std::string missing = testing::MissingForEmulatedBoards();
    if (!missing.empty()) GTEST_SKIP() << missing;
  }

  Finished Tune(const std::string& trials, const std::string& target = "cortex-m7",
                const std::string& board = "mps2-an500") {
    return RunProgram("tuner", {"tune", kWorkload, "--target", target, "--board",
                                "emulated:" + board, "--trials", trials, "--db", db_, "--json"});
  }
  static nlohmann::json Done(const Finished& tune) {
    return nlohmann::json::parse(LastLine(tune.out));
  }

  const TempFolder folder_;
  const std::string db_ = folder_.File("tuner.db");
};

TEST_F(TuneOnBoardTest, TunedKernelIsFoundDeployedAndRight) {
  const Finished tune = Tune("8");
  ASSERT_EQ(tune.code, 0) << tune.err;
  const nlohmann::json done = Done(tune);
  EXPECT_EQ(done["event"], "done");
  EXPECT_EQ(done["outcomes"].size(), 1) << done;
  EXPECT_TRUE(done["best"]["emulated"]);

  const std::vector<std::string> where = {"--workload", kWorkload, "--target",          "cortex-m7",
                                          "--db",       db_,       "--include-emulated"};
  std::vector<std::string> query = {"query", "best"};
  query.insert(query.end(), where.begin(), where.end());
  EXPECT_THAT(RunProgram("tuner", query).out, HasSubstr("exact"));

  std::vector<std::string> deploy = {"deploy", "kernel", "--out", folder_.File("out")};
  deploy.insert(deploy.end(), where.begin(), where.end());
  const Finished deployed = RunProgram("tuner", deploy);
  ASSERT_EQ(deployed.code, 0) << deployed.err;
  const Finished ran = testing::RunDeployedExample(folder_.File("out"), "cortex-m7", "mps2-an500");
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_THAT(ran.out + ran.err, HasSubstr("ok: "));
}

TEST_F(TuneOnBoardTest, TargetThatTheBoardCannotRunIsRefusedAtOnce) {
  const Finished other_core = Tune("4", "cortex-m7", "mps2-an386");
  EXPECT_EQ(other_core.code, 2);
  EXPECT_THAT(other_core.err,
              HasSubstr("kernels of this target (cortex-m7) need fp-armv8d16; board "
                        "emulated:mps2-an386 has dsp, vfp4d16sp, code:ssram1"));
  const Finished other_architecture = Tune("4", "cortex-m33", "mps2-an386");
  EXPECT_EQ(other_architecture.code, 2);
  EXPECT_THAT(other_architecture.err,
              HasSubstr("(cortex-m33) are for thumbv8m.main and board emulated:mps2-an386 is "
                        "thumbv7em"));
  const Finished no_consent = Tune("4", "cortex-m4,code=sram+flash", "netduinoplus2");
  EXPECT_EQ(no_consent.code, 2);
  EXPECT_THAT(no_consent.err,
              HasSubstr("(cortex-m4) need code:flash; board emulated:netduinoplus2 has dsp, "
                        "vfp4d16sp, code:sram (flash: with --use-flash)"));
}

TEST_F(TuneOnBoardTest, EmulatedBoardIsTunedForWhatIsAskedAndTheLogSaysIt) {
  const Finished by_default = Tune("4");
  ASSERT_EQ(by_default.code, 0) << by_default.err;
  EXPECT_EQ(Done(by_default)["best"]["cost_unit"], "instructions");
  const Finished cycles = RunProgram(
      "tuner", {"tune", kWorkload, "--target", "cortex-m7", "--board", "emulated:mps2-an500",
                "--trials", "4", "--db", db_, "--objective", "estimated-cycles", "--json"});
  ASSERT_EQ(cycles.code, 0) << cycles.err;
  EXPECT_EQ(Done(cycles)["best"]["cost_unit"], "estimated cycles");

  const Finished units = RunProgram(
      "tuner",
      {"query", "sql", "--db", db_, "--csv",
       "SELECT DISTINCT cost_unit, tick_hz > 0 AS ticks, median_instructions > 0 AS counted "
       "FROM trials WHERE outcome = 'ok' ORDER BY 1"});
  EXPECT_EQ(units.out, "cost_unit,ticks,counted\nestimated_cycles,1,1\ninstructions,1,1\n");

  const Finished best = RunProgram(
      "tuner", {"query", "best", "--workload", kWorkload, "--target", "cortex-m7", "--db", db_});
  EXPECT_THAT(best.out, HasSubstr("default"));
  EXPECT_THAT(best.err, HasSubstr("--include-emulated takes that"));
  const Finished deployed =
      RunProgram("tuner", {"deploy", "kernel", "--workload", kWorkload, "--target", "cortex-m7",
                           "--db", db_, "--out", folder_.File("out")});
  EXPECT_THAT(deployed.out, HasSubstr("schedule: default"));
  EXPECT_THAT(deployed.err, HasSubstr("an emulated board has measured it (mps2-an500)"));
}

TEST_F(TuneOnBoardTest, CortexM4IsTunedOnEachOfItsBoards) {
  for (const char* board : {"mps2-an386", "netduinoplus2"}) {
    SCOPED_TRACE(board);
    const Finished tune = Tune("8", "cortex-m4", board);
    ASSERT_EQ(tune.code, 0) << tune.err;
    const nlohmann::json done = Done(tune);
    EXPECT_EQ(done["outcomes"], nlohmann::json({{"ok", done["trials"]}})) << done;
    EXPECT_EQ(done["best"]["device"], board);
  }
}

TEST_F(TuneOnBoardTest, BoardThatCannotBeUsedIsListedWithItsReason) {
  Program tracker("tuner-tracker", {"--listen", "127.0.0.1:0"});
  const std::string address = tracker.ReadLine().substr(std::string("listening on ").size());
  Program agent("tuner-mcu-agent", {"--board", "stm32f746", "--tracker", address, "--openocd",
                                    "/no/such/openocd", "--state-dir", folder_.path()});
  EXPECT_THAT(agent.ReadLine(), HasSubstr("as stm32f746, unavailable: no probe"));
  const Finished list = RunProgram("tuner", {"device", "list", "--tracker", address});
  EXPECT_EQ(list.code, 0);
  EXPECT_THAT(list.out, HasSubstr("unavailable (no probe: no ST-Link is plugged in"));
}

TEST_F(TuneOnBoardTest, BoardThatIsNotKnownIsOneLine) {
  const Finished tune = RunProgram("tuner", {"tune", kWorkload, "--target", "cortex-m7", "--board",
                                             "emulated:pdp11", "--db", db_});
  EXPECT_EQ(tune.code, 1);
  EXPECT_THAT(tune.err, HasSubstr("no board 'pdp11' in"));
  EXPECT_THAT(tune.err, HasSubstr("mps2-an500"));
}

}  // namespace
}  // namespace tunefarm
