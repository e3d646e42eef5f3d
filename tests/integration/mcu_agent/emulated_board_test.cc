// tuner-emulated-board between the real OpenOCD and the real QEMU: both ways in, and what goes
// wrong on command.
#include <gtest/gtest.h>

#include <csignal>
#include <memory>
#include <random>

#include "absl/strings/str_format.h"
#include "tests/integration/mcu_agent/mailbox_client.h"

namespace tunefarm::mcu_agent {
namespace {

constexpr const char* kMachine = "mps2-an500";
constexpr uint32_t kRam = 0x20000000;

class EmulatedBoardTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const std::string missing = MissingTools();
    if (!missing.empty()) GTEST_SKIP() << missing;
    map_ = BuiltMap(kMachine);
    board_ = std::make_unique<BoardProcess>(kMachine, std::vector<std::string>{"--jtag"});
    Attach();
  }
  void Attach() {
    debugger_.reset();
    debugger_ = std::make_unique<Debugger>(
        map_, absl::StrFormat("TUNEFARM_STLINK_PORT %d", board_->stlink_port()));
  }
  std::vector<uint32_t> RandomWords(size_t count) {
    std::mt19937 random(7);
    std::vector<uint32_t> words(count);
    for (uint32_t& word : words) word = random();
    return words;
  }

  BoardMap map_;
  std::unique_ptr<BoardProcess> board_;
  std::unique_ptr<Debugger> debugger_;
};

TEST_F(EmulatedBoardTest, MemoryKeepsWhatWasWrittenWhetherTheCoreRunsOrNot) {
  const std::vector<uint32_t> words = RandomWords(3000);
  debugger_->Tcl("reset halt");
  debugger_->Write(kRam, words);
  EXPECT_EQ(debugger_->Read(kRam, words.size()), words);
  MailboxClient firmware(map_, debugger_.get());
  ASSERT_TRUE(firmware.Boot());
  debugger_->Write(kRam + 0x10000, words);
  EXPECT_EQ(debugger_->Read(kRam + 0x10000, words.size()), words);
  EXPECT_EQ(debugger_->Read(kRam, words.size()), words) << "a reset keeps memory";
}

TEST_F(EmulatedBoardTest, UnmappedAddressesAreRefusedAndTheNextAccessWorks) {
  EXPECT_NE(debugger_->Tcl("catch {read_memory 0x30000000 32 1}"), "0");
  EXPECT_EQ(debugger_->Tcl("catch {read_memory 0x20000000 32 1}"), "0");
}

TEST_F(EmulatedBoardTest, BreakpointsOfBothKindsStopTheCore) {
  debugger_->Tcl("reset halt");
  debugger_->Write(kRam, {0x30012000, 0xE7FDE7FD});  // movs r0, #0; 1: adds r0, #1; b 1b
  debugger_->Tcl("reg sp 0x20010000");
  debugger_->Tcl("reg xPSR 0x01000000");
  for (const char* kind : {"", " hw"}) {
    debugger_->Tcl(absl::StrFormat("bp 0x20000002 2%s", kind));
    debugger_->Tcl("resume 0x20000000");
    debugger_->Tcl("wait_halt 5000");
    EXPECT_NE(debugger_->Tcl("reg pc").find("0x20000002"), std::string::npos) << kind;
    debugger_->Tcl("rbp 0x20000002");
  }
  debugger_->Tcl("step");
  EXPECT_NE(debugger_->Tcl("reg pc").find("0x20000004"), std::string::npos);
}

TEST_F(EmulatedBoardTest, JtagRunsTheFirmwareToo) {
  debugger_ = std::make_unique<Debugger>(
      map_, absl::StrFormat("TUNEFARM_JTAG_PORT %d", board_->jtag_port()));
  MailboxClient firmware(map_, debugger_.get());
  ASSERT_TRUE(firmware.Boot());
  tunefarm_task call = {};
  call.call.head = {TUNEFARM_TASK_CALL, 0};
  call.call.run = firmware.Place(kReturnSeven);
  call.call.budget_ticks = 100000;
  firmware.Run({call});
  EXPECT_EQ(firmware.Result(0).status, TUNEFARM_STATUS_KERNEL_ERROR);
}

TEST_F(EmulatedBoardTest, AStuckCoreDoesNotHaltUntilItIsReset) {
  MailboxClient firmware(map_, debugger_.get());
  ASSERT_TRUE(firmware.Boot());
  ASSERT_EQ(board_->Command("stuck-core until=reset"), "ok");
  EXPECT_NE(debugger_->Tcl("catch {halt 100}"), "0");
  EXPECT_TRUE(firmware.Boot());
}

TEST_F(EmulatedBoardTest, ADeadCableFailsEveryAccessUntilTheDebuggerReconnects) {
  ASSERT_EQ(board_->Command("dead-cable until=reconnect"), "ok");
  EXPECT_NE(debugger_->Tcl("catch {read_memory 0x20000000 32 1}"), "0");
  Attach();
  EXPECT_EQ(debugger_->Tcl("catch {read_memory 0x20000000 32 1}"), "0");
}

TEST_F(EmulatedBoardTest, APowerCycleLosesMemory) {
  debugger_->Tcl("reset halt");
  debugger_->Write(kRam, {0x12345678});
  ASSERT_EQ(board_->Command("power-cycle"), "ok");
  Attach();
  debugger_->Tcl("reset halt");
  EXPECT_EQ(debugger_->Read(kRam, 1)[0], 0u);
  MailboxClient firmware(map_, debugger_.get());
  EXPECT_TRUE(firmware.Boot());
}

TEST_F(EmulatedBoardTest, WithoutPowerNothingAnswersUntilItIsBack) {
  ASSERT_EQ(board_->Command("power-off"), "ok");
  EXPECT_NE(debugger_->Tcl("catch {read_memory 0x20000000 32 1}"), "0");
  ASSERT_EQ(board_->Command("power-on"), "ok");
  Attach();
  MailboxClient firmware(map_, debugger_.get());
  EXPECT_TRUE(firmware.Boot());
}

TEST_F(EmulatedBoardTest, ACorruptWordIsWrongOnTheBoard) {
  debugger_->Tcl("reset halt");
  ASSERT_EQ(board_->Command("corrupt-word after=16"), "ok");
  const std::vector<uint32_t> words = RandomWords(64);
  debugger_->Write(kRam, words);
  const std::vector<uint32_t> read = debugger_->Read(kRam, words.size());
  EXPECT_EQ(read[4], words[4] ^ 0x10);
  EXPECT_EQ(std::vector<uint32_t>(read.begin() + 5, read.end()),
            std::vector<uint32_t>(words.begin() + 5, words.end()));
}

TEST_F(EmulatedBoardTest, ABrownOutInTheMiddleOfAWriteLosesTheFirmware) {
  ASSERT_TRUE(MailboxClient(map_, debugger_.get()).Boot());
  ASSERT_EQ(board_->Command("brown-out after=1000"), "ok");
  std::string words;
  for (int i = 0; i < 500; ++i) words += " 1";
  debugger_->Tcl("catch {write_memory 0x20000000 32 {" + words + "}}");
  Attach();
  debugger_->Tcl("reset halt");
  EXPECT_EQ(debugger_->Read(map_.mailbox, 1)[0], 0u);
  EXPECT_TRUE(MailboxClient(map_, debugger_.get()).Boot());
}

TEST_F(EmulatedBoardTest, ALockupIsSeenAndAResetEndsIt) {
  debugger_->Tcl("reset halt");
  debugger_->Tcl("reg sp 0x20010000");
  debugger_->Tcl("reg pc 0x20000000");
  debugger_->Tcl("reg xPSR 0x01000000");
  debugger_->Write(kRam, {0xDE01DE01});  // udf, and no vectors that could handle it
  debugger_->Tcl("resume");
  MailboxClient firmware(map_, debugger_.get());
  EXPECT_TRUE(firmware.Boot());
}

TEST_F(EmulatedBoardTest, CommandsThatMakeNoSenseAreAnswered) {
  EXPECT_NE(board_->Command("explode").find("makes no sense"), std::string::npos);
}

TEST_F(EmulatedBoardTest, ItEndsWithTheSignal) {
  board_->program().Signal(SIGTERM);
  EXPECT_EQ(board_->program().Wait(), 0);
}

TEST(BoardFilesTest, OpenOcdReadsTheConfigurationOfEveryBoard) {
  if (!MissingTools().empty()) GTEST_SKIP() << MissingTools();
  const std::string boards = std::string(TUNEFARM_BIN_DIR) + "/../boards";
  for (const std::string& board : ListBoards(boards)) {
    const testing::Finished run = testing::RunProgram(
        "/usr/bin/env", {"openocd", "-c", "set TUNEFARM_SERIAL 066DFF1234", "-f",
                         boards + "/" + board + "/openocd.cfg", "-c", "shutdown"});
    EXPECT_EQ(run.code, 0) << board << ": " << run.err;
  }
}

TEST(EmulatedBoardFlagsTest, AnUnknownMachineIsRefusedInOneLine) {
  const testing::Finished run =
      testing::RunProgram("tuner-emulated-board", {"--machine", "toaster"});
  EXPECT_EQ(run.code, 1);
  EXPECT_NE(run.err.find("no machine 'toaster' (there are: mps2-an500"), std::string::npos);
}

TEST(EmulatedBoardFlagsTest, AMissingQemuIsSaid) {
  const testing::Finished run =
      testing::RunProgram("tuner-emulated-board", {"--qemu", "/nowhere/qemu"});
  EXPECT_EQ(run.code, 1);
  EXPECT_NE(run.err.find("cannot start /nowhere/qemu"), std::string::npos) << run.err;
}

}  // namespace
}  // namespace tunefarm::mcu_agent
