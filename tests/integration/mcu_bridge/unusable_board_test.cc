// Boards that cannot be used, with the real agent, OpenOCD and QEMU: each is listed with its
// reason, on one line.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/support/mcu_soak.h"
#include "tests/support/program.h"

namespace tunefarm {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::tunefarm::testing::Finished;
using ::tunefarm::testing::Program;
using ::tunefarm::testing::RunProgram;
using ::tunefarm::testing::TempFolder;

class UnusableBoardTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const std::string missing = testing::MissingForEmulatedBoards();
    if (!missing.empty()) GTEST_SKIP() << missing;
    fs::copy(fs::path(TUNEFARM_BIN_DIR) / "../boards", boards_, fs::copy_options::recursive);
  }

  // In a file of the boards' folder, which is this test's own.
  void Replace(const std::string& file, const std::string& text, const std::string& with) {
    std::stringstream content;
    content << std::ifstream(boards_ / file).rdbuf();
    std::string edited = content.str();
    const size_t at = edited.find(text);
    ASSERT_NE(at, std::string::npos) << file << " has no " << text;
    edited.replace(at, text.size(), with);
    std::ofstream(boards_ / file) << edited;
  }

  std::vector<std::string> Arguments(const std::vector<std::string>& more) const {
    std::vector<std::string> arguments = {
        "--board",     "emulated:mps2-an500", "--boards-dir", boards_,
        "--state-dir", folder_.path(),        "--log-level",  "off"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }

  // What the agent says and what the farm's list shows.
  void ExpectUnavailable(const std::string& reason, const std::vector<std::string>& more = {}) {
    Program tracker("tuner-tracker", {"--listen", "127.0.0.1:0"});
    const std::string address = tracker.ReadLine().substr(std::string("listening on ").size());
    std::vector<std::string> arguments = Arguments(more);
    arguments.insert(arguments.end(), {"--tracker", address});
    Program agent("tuner-mcu-agent", arguments);
    EXPECT_THAT(agent.ReadLine(), HasSubstr("unavailable: " + reason));
    const Finished list = RunProgram("tuner", {"device", "list", "--tracker", address});
    EXPECT_EQ(list.code, 0);
    EXPECT_THAT(list.out, HasSubstr("unavailable (" + reason));
  }

  const TempFolder folder_;
  const fs::path boards_ = folder_.File("boards");
};

TEST_F(UnusableBoardTest, OpenOcdIsNotThere) {
  ExpectUnavailable("OpenOCD is not there: no executable \"/no/such/openocd\"",
                    {"--openocd", "/no/such/openocd"});
}

TEST_F(UnusableBoardTest, OpenOcdIsTooOld) {
  const fs::path old = folder_.File("openocd");
  std::ofstream(old) << "#!/bin/sh\necho 'Open On-Chip Debugger 0.10.0' >&2\n";
  fs::permissions(old, fs::perms::owner_all);
  ExpectUnavailable(old.string() + " is version \"0.10.0\", the bridge needs 0.12 or later",
                    {"--openocd", old});
}

TEST_F(UnusableBoardTest, ChipIsAnother) {
  Replace("mps2-an500/board.json", "0x4100C270", "0x4100C240");
  ExpectUnavailable(
      "wrong core id: the word at 0xe000ed00 is 0x411fc272, a mps2-an500 has 0x4100c240 there");
}

TEST_F(UnusableBoardTest, ProbeDoesNotAnswer) {
  Replace("probe.cfg", "tcp $TUNEFARM_STLINK_PORT", "tcp 9");
  ExpectUnavailable("OpenOCD ended by exit code 1: cannot connect to stlink server");
}

TEST_F(UnusableBoardTest, MapWhoseRegionsOverlapIsRefusedWithBoth) {
  Replace("mps2-an500/board.json", "\"base\": \"0x60000000\"", "\"base\": \"0x20100000\"");
  const Finished agent = RunProgram("tuner-mcu-agent", Arguments({"--tracker", "127.0.0.1:1"}));
  EXPECT_EQ(agent.code, 1);
  EXPECT_THAT(agent.err, HasSubstr("regions ssram23 [0x20000000, 0x20400000) and psram "
                                   "[0x20100000, 0x21100000) overlap\n"));
}

}  // namespace
}  // namespace tunefarm
