// Boards that cannot be used, with the real agent, OpenOCD and QEMU: each is listed with its
// reason, on one line.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <optional>

#include "nlohmann/json.hpp"
#include "tests/support/mcu_farm/boards_copy.h"
#include "tests/support/mcu_farm/farm_client.h"
#include "tests/support/mcu_farm/missing_programs.h"
#include "tests/support/program.h"

namespace tunefarm {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::tunefarm::testing::BoardsCopy;
using ::tunefarm::testing::Finished;
using ::tunefarm::testing::Program;
using ::tunefarm::testing::RunProgram;
using ::tunefarm::testing::TempFolder;
using ::tunefarm::testing::TrackerProcess;

class UnusableBoardTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const std::string missing = testing::MissingForEmulatedBoards();
    if (!missing.empty()) GTEST_SKIP() << missing;
    boards_.emplace(folder_.File("boards"));
  }

  // A probe on what the agent takes for this machine's USB.
  void Plug(const std::string& place, const std::string& serial) {
    const fs::path device = usb_ / place;
    fs::create_directories(device);
    std::ofstream(device / "idVendor") << "0483\n";
    std::ofstream(device / "idProduct") << "374b\n";
    std::ofstream(device / "serial") << serial << "\n";
  }

  // What the agent of `board` says and what the farm's list shows.
  void ExpectUnavailable(const std::string& reason, const std::vector<std::string>& more = {},
                         const std::string& board = "emulated:mps2-an500") {
    const TrackerProcess tracker;
    std::vector<std::string> arguments = {
        "--board",      board,         "--boards-dir", boards_->folder(), "--state-dir",
        folder_.path(), "--log-level", "off",          "--tracker",       tracker.address()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    Program agent("tuner-mcu-agent", arguments);
    EXPECT_THAT(agent.ReadLine(), HasSubstr("unavailable: " + reason));
    const Finished list = RunProgram("tuner", {"device", "list", "--tracker", tracker.address()});
    EXPECT_EQ(list.code, 0);
    EXPECT_THAT(list.out, HasSubstr("unavailable (" + reason));
  }

  const TempFolder folder_;
  std::optional<BoardsCopy> boards_;
  const fs::path usb_ = folder_.File("usb");
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
  boards_->Replace("mps2-an500/board.json", "0x4100C270", "0x4100C240");
  ExpectUnavailable(
      "wrong core id: the word at 0xe000ed00 is 0x411fc272, a mps2-an500 has 0x4100c240 there");
}

TEST_F(UnusableBoardTest, ProbeDoesNotAnswer) {
  boards_->Replace("probe.cfg", "tcp $TUNEFARM_STLINK_PORT", "tcp 9");
  ExpectUnavailable("OpenOCD ended by exit code 1: cannot connect to stlink server");
}

TEST_F(UnusableBoardTest, BoardBehindTheProbeDoesNotAnswer) {
  Program board("tuner-emulated-board", {"--machine", "mps2-an500"});
  const auto ready = nlohmann::json::parse(board.ReadLine());
  const std::string control = ready["control_port"].dump();
  ASSERT_EQ(RunProgram("tuner-emulated-board", {"send", control, "dead-cable"}).code, 0);
  boards_->Replace("probe.cfg", "tcp $TUNEFARM_STLINK_PORT", "tcp " + ready["stlink_port"].dump());
  ExpectUnavailable("OpenOCD ended by exit code 1:");
}

TEST_F(UnusableBoardTest, RegionsOfTheMapOverlap) {
  boards_->Replace("mps2-an500/board.json", "\"base\": \"0x60000000\"", "\"base\": \"0x20100000\"");
  ExpectUnavailable((boards_->folder() / "mps2-an500/board.json").string() +
                    ": regions ssram23 [0x20000000, 0x20400000) and psram "
                    "[0x20100000, 0x21100000) overlap");
}

TEST_F(UnusableBoardTest, MapNamesACoreThatNoKernelIsCompiledFor) {
  boards_->Replace("mps2-an500/board.json", "\"cortex-m7\"", "\"cortex-m85\"");
  ExpectUnavailable("board mps2-an500 has a cortex-m85, which no kernel is compiled for");
}

TEST_F(UnusableBoardTest, ThereIsNoProbe) {
  ExpectUnavailable("no probe: no ST-Link is plugged in", {"--usb-devices", usb_}, "stm32f746");
}

TEST_F(UnusableBoardTest, TwoProbesAndNoSerial) {
  Plug("1-2", "066E");
  Plug("1-3", "0039");
  ExpectUnavailable(
      "2 probes are plugged in (066E at USB 1-2, 0039 at USB 1-3): choose one with --serial",
      {"--usb-devices", usb_}, "stm32f746");
}

TEST_F(UnusableBoardTest, ProbeOfThatSerialIsNotThere) {
  Plug("1-2", "066E");
  ExpectUnavailable("no probe with serial 0039 is plugged in; there: 066E at USB 1-2",
                    {"--usb-devices", usb_, "--serial", "0039"}, "stm32f746");
}

TEST_F(UnusableBoardTest, FirmwareIsOfAnotherVersion) {
  const fs::path firmware = boards_->folder() / "mps2-an500/firmware.elf";
  fs::copy(TUNEFARM_FOREIGN_FIRMWARE, firmware, fs::copy_options::overwrite_existing);
  ExpectUnavailable("firmware " + firmware.string() + " speaks mailbox version 99, this bridge 2");
}

TEST_F(UnusableBoardTest, FirmwareIsOfAnotherBoard) {
  fs::copy(boards_->folder() / "mps2-an386/firmware.elf",
           boards_->folder() / "mps2-an500/firmware.elf", fs::copy_options::overwrite_existing);
  ExpectUnavailable("firmware " + (boards_->folder() / "mps2-an500/firmware.elf").string() +
                    " is of board \"mps2-an386\", not mps2-an500");
}

}  // namespace
}  // namespace tunefarm
