// Where code lies as a knob, end to end: the tuner's proposals, linked for one memory or the other,
// run there on an emulated board, or are refused where they do not fit. The same for flash.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

#include "nlohmann/json.hpp"
#include "tests/support/mcu_farm/boards_copy.h"
#include "tests/support/mcu_farm/farm_client.h"
#include "tests/support/mcu_farm/missing_programs.h"
#include "tests/support/program.h"

namespace tunefarm {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::tunefarm::testing::BoardsCopy;
using ::tunefarm::testing::Finished;
using ::tunefarm::testing::LastLine;
using ::tunefarm::testing::Program;
using ::tunefarm::testing::RunProgram;
using ::tunefarm::testing::TempFolder;
using ::tunefarm::testing::TrackerProcess;

constexpr char kWorkload[] = "conv2d/s8/nhwc/1x5x5x16/o8k1x1/bias+requant+relu";
constexpr char kConfig[] = "pixels=2,channels=4,steps=8,weight_bits=16,rows=0,code_memory=";

// A farm of one emulated board whose log can be read.
class PlacementOnFarmTest : public ::testing::Test {
 protected:
  PlacementOnFarmTest(std::string board, std::string target, std::vector<std::string> flags)
      : board_(std::move(board)), target_(std::move(target)), flags_(std::move(flags)) {}

  void SetUp() override {
    const std::string missing = testing::MissingForEmulatedBoards();
    if (!missing.empty()) GTEST_SKIP() << missing;
    boards_.emplace(folder_.File("boards"));
  }

  // Runs `tuner` with `arguments` against the farm, and ends the farm.
  Finished OnFarm(std::vector<std::string> arguments) {
    const TrackerProcess tracker;
    std::vector<std::string> flags = {
        "--board",      "emulated:" + board_, "--boards-dir", boards_->folder(), "--state-dir",
        folder_.path(), "--log-level",        "info",         "--tracker",       tracker.address()};
    flags.insert(flags.end(), flags_.begin(), flags_.end());
    Program agent("tuner-mcu-agent", flags);
    EXPECT_THAT(agent.ReadLine(), EndsWith("as " + board_)) << agent.Errors();
    arguments.insert(arguments.end(), {"--tracker", tracker.address(), "--emulated", "--target",
                                       target_, "--db", db_, "--json"});
    Finished finished = RunProgram("tuner", arguments);
    agent.Signal(SIGTERM);
    agent.Wait();
    agent_log_ = agent.Errors();
    return finished;
  }

  std::string Query(const std::string& sql) const {
    return RunProgram("tuner", {"query", "sql", "--db", db_, "--csv", sql}).out;
  }

  const std::string board_;
  const std::string target_;
  const std::vector<std::string> flags_;
  const TempFolder folder_;
  std::optional<BoardsCopy> boards_;
  const std::string db_ = folder_.File("tuner.db");
  std::string agent_log_;
};

class CodePlacementTest : public PlacementOnFarmTest {
 protected:
  CodePlacementTest() : PlacementOnFarmTest("mps2-an500", "cortex-m7,code=ssram1+ssram23", {}) {}
};

TEST_F(CodePlacementTest, BothMemoriesAreTriedAndCodeRunsWhereItsConfigSays) {
  const Finished tune = OnFarm({"tune", kWorkload, "--trials", "12", "--strategy", "random"});
  ASSERT_EQ(tune.code, 0) << tune.err;
  const nlohmann::json done = nlohmann::json::parse(LastLine(tune.out));
  EXPECT_EQ(done["outcomes"], nlohmann::json({{"ok", done["trials"]}})) << done;
  EXPECT_THAT(agent_log_, AllOf(HasSubstr("bytes at 0x00000400 (ssram1)"),
                                HasSubstr("bytes at 0x20000000 (ssram23)")));
  EXPECT_EQ(Query("SELECT DISTINCT substr(config, -13) AS placed FROM trials "
                  "WHERE outcome = 'ok' ORDER BY 1"),
            "placed\ncode_memory=0\ncode_memory=1\n");
}

TEST_F(CodePlacementTest, OneScheduleRunsFromEitherMemory) {
  for (const char* memory : {"0", "1"}) {
    const Finished bench = OnFarm({"bench", kWorkload, "--config", std::string(kConfig) + memory});
    ASSERT_EQ(bench.code, 0) << bench.err;
    EXPECT_THAT(agent_log_, HasSubstr(*memory == '0' ? "(ssram1)" : "(ssram23)"));
  }
}

TEST_F(CodePlacementTest, CodeThatItsMemoryCannotHoldIsRefusedWithBytes) {
  // 512 bytes of SSRAM 1.
  boards_->Replace("mps2-an500/board.json", "\"0x3FFC00\"", "\"0x200\"");
  const Finished bench = OnFarm({"bench", kWorkload, "--config", std::string(kConfig) + "0"});
  EXPECT_EQ(bench.code, 1);
  EXPECT_THAT(bench.err, AllOf(HasSubstr("out_of_memory in phase load"), HasSubstr("in ssram1"),
                               HasSubstr("ssram1 has 512")));
}

// The flash of the emulated board is programmed by OpenOCD's own driver of the chip.
class FlashPlacementTest : public PlacementOnFarmTest {
 protected:
  FlashPlacementTest()
      : PlacementOnFarmTest("netduinoplus2", "cortex-m4,code=sram+flash", {"--use-flash"}) {}
};

TEST_F(FlashPlacementTest, RamAndFlashAreTriedAndFlashIsErasedOnce) {
  const Finished tune = OnFarm({"tune", kWorkload, "--trials", "8", "--strategy", "random"});
  ASSERT_EQ(tune.code, 0) << tune.err;
  const nlohmann::json done = nlohmann::json::parse(LastLine(tune.out));
  EXPECT_EQ(done["outcomes"], nlohmann::json({{"ok", done["trials"]}})) << done;
  EXPECT_THAT(agent_log_,
              AllOf(HasSubstr("bytes at 0x20000000 (sram)"),
                    HasSubstr("erases 131072 bytes of flash at 0x080e0000, time 1"),
                    HasSubstr("bytes at 0x080e0000 (flash)"), Not(HasSubstr("time 2"))));
  EXPECT_EQ(Query("SELECT DISTINCT substr(config, -13) AS placed FROM trials "
                  "WHERE outcome = 'ok' ORDER BY 1"),
            "placed\ncode_memory=0\ncode_memory=1\n");
}

TEST_F(FlashPlacementTest, ConstantsAreReadFromFlashWhereTheMapSaysSo) {
  boards_->Replace("netduinoplus2/board.json", "\"data_order\": [\"sram\"]",
                   "\"data_order\": [\"sram\"], \"constant_order\": [\"flash\"]");
  const Finished bench = OnFarm({"bench", kWorkload, "--config", std::string(kConfig) + "0"});
  ASSERT_EQ(bench.code, 0) << bench.err;
  EXPECT_THAT(agent_log_, AllOf(HasSubstr("erases 131072 bytes of flash"), HasSubstr("(sram)")));
}

TEST_F(FlashPlacementTest, CodeThatFlashCannotHoldIsRefusedWithBytes) {
  boards_->Replace("netduinoplus2/board.json", "\"0x080E0000\", \"bytes\": \"0x20000\"",
                   "\"0x080E0000\", \"bytes\": \"0x200\"");
  const Finished bench = OnFarm({"bench", kWorkload, "--config", std::string(kConfig) + "1"});
  EXPECT_EQ(bench.code, 1);
  EXPECT_THAT(bench.err, AllOf(HasSubstr("out_of_memory in phase load"), HasSubstr("in flash"),
                               HasSubstr("flash has 512")));
}

}  // namespace
}  // namespace tunefarm
