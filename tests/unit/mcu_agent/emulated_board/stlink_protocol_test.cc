#include "mcu_agent/emulated_board/stlink_protocol.h"

#include <gtest/gtest.h>

#include "tests/support/status_matchers.h"
#include "tests/unit/mcu_agent/emulated_board/fake_core_link.h"

namespace tunefarm::mcu_agent {
namespace {

using ::testing::_;
using testing::IsOk;
using testing::StatusIs;

std::string Le32(uint32_t value) { return std::string(reinterpret_cast<const char*>(&value), 4); }
std::string Le16(uint16_t value) { return std::string(reinterpret_cast<const char*>(&value), 2); }

uint32_t WordAt(const std::string& bytes, size_t at) {
  uint32_t word = 0;
  if (at + 4 <= bytes.size()) std::memcpy(&word, bytes.data() + at, 4);
  return word;
}

class StlinkProtocolTest : public ::testing::Test {
 protected:
  // Sends a request and expects it to be accepted.
  std::string Ask(const std::string& bytes) {
    const auto answer = stlink_.Receive(bytes);
    EXPECT_THAT(answer, IsOk());
    return answer.value_or("");
  }
  // A USB command that asks for `in_bytes` bytes; without the server's status.
  std::string Usb(std::string command, uint32_t in_bytes) {
    command.resize(16, '\0');
    std::string request = std::string("\x05\0\0\0\x01\0\0\0", 8);
    request += command;
    request += std::string("\x01\0\0\0", 4);
    request += Le32(in_bytes);
    const std::string answer = Ask(request);
    EXPECT_EQ(answer.size(), 4 + in_bytes);
    EXPECT_EQ(WordAt(answer, 0), 1u);
    return answer.substr(4);
  }
  // A USB command that brings data.
  void UsbOut(std::string command, const std::string& data) {
    EXPECT_EQ(Ask(OutRequest(std::move(command), data)), Le32(1));
  }
  static std::string OutRequest(std::string command, const std::string& data) {
    command.resize(16, '\0');
    std::string request = std::string("\x05\0\0\0\x01\0\0\0", 8);
    request += command;
    request += std::string("\0\0\0\0", 4);
    request += Le32(static_cast<uint32_t>(data.size()));
    return request + data;
  }
  static std::string MemoryCommand(char code, uint32_t address, uint16_t bytes) {
    std::string command = "\xF2";
    command += code;
    command += Le32(address);
    command += Le16(bytes);
    return command;
  }

  FakeCoreLink link_;
  Misbehaviour misbehaviour_;
  CoreModel core_{&link_, kFakeRam, &misbehaviour_};
  DebugPort port_{&core_, &misbehaviour_, 0x2BA01477};
  StlinkProtocol stlink_{&port_, &core_, "SERIAL7"};
};

TEST_F(StlinkProtocolTest, TheServerListsOneProbeWithItsSerial) {
  EXPECT_EQ(WordAt(Ask(std::string("\x06\x01\0\0", 4)), 0), 3u);
  EXPECT_EQ(Ask("\x01"), Le32(1));
  const std::string info = Ask(std::string("\x02\0\0\0\x29\0\0\0", 8));
  ASSERT_EQ(info.size(), 45u);
  EXPECT_EQ(info.substr(8, 8), std::string("SERIAL7\0", 8));
  EXPECT_EQ(info.substr(40, 4), std::string("\x83\x04\x4F\x37", 4));
}

TEST_F(StlinkProtocolTest, ItIsAnStlinkV3) {
  EXPECT_EQ(Usb("\xF1", 6).substr(0, 2), std::string("\x30\x00", 2));
  EXPECT_EQ(Usb("\xFB", 12).substr(0, 3), std::string("\x03\x00\x0A", 3));
}

TEST_F(StlinkProtocolTest, MemoryGoesBothWays) {
  UsbOut(MemoryCommand(0x08, kFakeRam + 16, 8), Le32(0x01020304) + Le32(0x05060708));
  EXPECT_EQ(link_.Word(kFakeRam + 20), 0x05060708u);
  EXPECT_EQ(Usb(MemoryCommand(0x07, kFakeRam + 16, 4), 4), Le32(0x01020304));
  EXPECT_EQ(Usb(MemoryCommand(0x0C, kFakeRam + 17, 1), 2)[0], 3);
  EXPECT_EQ(Usb("\xF2\x3E", 12)[0], '\x80');
}

TEST_F(StlinkProtocolTest, ABusFaultShowsInTheStatusOfTheLastAccess) {
  (void)Usb(MemoryCommand(0x07, 0x30000000, 4), 4);
  EXPECT_EQ(Usb("\xF2\x3E", 12)[0], '\x11');
}

TEST_F(StlinkProtocolTest, ADeadCableShowsAsDpError) {
  misbehaviour_.Apply(*ParseMisbehaviour("dead-cable"));
  (void)Usb(MemoryCommand(0x07, kFakeRam, 4), 4);
  EXPECT_EQ(Usb("\xF2\x3E", 12)[0], '\x16');
}

TEST_F(StlinkProtocolTest, DapRegistersAreReadAndWritten) {
  std::string write = "\xF2\x46";
  write += Le16(0xFFFF);
  write += Le16(4);
  write += Le32(0x50000000);
  EXPECT_EQ(Usb(write, 2)[0], '\x80');
  std::string read = "\xF2\x45";
  read += Le16(0xFFFF);
  read += Le16(4);
  EXPECT_EQ(WordAt(Usb(read, 8), 4), 0xF0000000u);
}

TEST_F(StlinkProtocolTest, ABatchAnswersWithValuesAndThenStatuses) {
  link_.SetWord(kFakeRam + 8, 0xCAFE);
  // AP number, address, write, read: four steps, then their four words.
  std::string data = std::string("\x05\x01\x02\x03", 4);
  data += Le32(0) + Le32(kFakeRam) + Le32(0xBEEF) + Le32(kFakeRam + 8);
  UsbOut(std::string("\xF2\x51\x04\0\0\0", 6), data);
  EXPECT_EQ(link_.Word(kFakeRam), 0xBEEFu);
  const std::string answer = Usb("\xF2\x52", 32);
  EXPECT_EQ(WordAt(answer, 12), 0xCAFEu);
  for (size_t at = 16; at < 32; at += 4) EXPECT_EQ(WordAt(answer, at), 0x80u);
}

TEST_F(StlinkProtocolTest, ABatchThatIsShorterThanItSaysIsRefused) {
  UsbOut(std::string("\xF2\x51\xFF\xFF\xFF\x7F", 6), "abcd");
  EXPECT_EQ(Usb("\xF2\x52", 16), std::string(16, '\0'));
}

TEST_F(StlinkProtocolTest, RequestsMayArriveInAnyPortions) {
  const std::string request = OutRequest(MemoryCommand(0x08, kFakeRam, 4), Le32(99));
  std::string answer;
  for (const char c : request + request) answer += Ask(std::string(1, c));
  EXPECT_EQ(answer, Le32(1) + Le32(1));
  EXPECT_EQ(link_.Word(kFakeRam), 99u);
}

TEST_F(StlinkProtocolTest, TheResetLineActsWhenItIsReleased) {
  (void)Usb(std::string("\xF2\x3C\x01", 3), 2);
  EXPECT_EQ(link_.resets, 0);
  (void)Usb(std::string("\xF2\x3C\x00", 3), 2);
  EXPECT_EQ(link_.resets, 0);
  (void)Usb(std::string("\xF2\x3C\x01", 3), 2);
  EXPECT_EQ(link_.resets, 1);
}

TEST_F(StlinkProtocolTest, NonsenseEndsTheConnection) {
  EXPECT_THAT(stlink_.Receive("\x77"), StatusIs(absl::StatusCode::kInvalidArgument, _));
}

TEST_F(StlinkProtocolTest, OversizedDataEndsTheConnection) {
  std::string request(32, '\0');
  request[0] = 5;
  request[31] = '\x7F';
  EXPECT_THAT(stlink_.Receive(request), StatusIs(absl::StatusCode::kInvalidArgument, _));
}

}  // namespace
}  // namespace tunefarm::mcu_agent
