// The mailbox as bytes: what the bridge writes through a debug port is what the firmware's compiler
// reads.
#include "proto/mcu_mailbox.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string>

namespace tunefarm {
namespace {

template <typename T>
std::string Hex(const T& value) {
  static const char* const kDigits = "0123456789abcdef";
  unsigned char bytes[sizeof(T)];
  std::memcpy(bytes, &value, sizeof(T));
  std::string text;
  for (size_t i = 0; i < sizeof(T); ++i) {
    if (i > 0 && i % 4 == 0) text += ' ';
    text += kDigits[bytes[i] >> 4];
    text += kDigits[bytes[i] & 15];
  }
  return text;
}

TEST(McuMailboxTest, CallTaskHasTheseBytes) {
  tunefarm_task task = {};
  task.call = {{TUNEFARM_TASK_CALL, TUNEFARM_TASK_HAS_EXPECTED_CRC},
               0x20001001,
               0x20001081,
               0x20002000,
               0x20003000,
               0x20004000,
               1024,
               0xCBF43926,
               100,
               0x20005000,
               0x0123456789ABCDEF};
  EXPECT_EQ(Hex(task),
            "01000100 01100020 81100020 00200020 00300020 00400020 00040000 2639f4cb 64000000 "
            "00500020 efcdab89 67452301");
}

TEST(McuMailboxTest, FillTaskHasTheseBytes) {
  tunefarm_task task = {};
  task.fill = {
      {TUNEFARM_TASK_FILL, 0}, 0x20006000, 64, TUNEFARM_FILL_F32, 2, -16, 15, 0.0625f, 8, 0, 42};
  EXPECT_EQ(Hex(task),
            "02000000 00600020 40000000 04000000 02000000 f0ffffff 0f000000 0000803d 08000000 "
            "00000000 2a000000 00000000");
}

TEST(McuMailboxTest, ResultHasTheseBytes) {
  const tunefarm_result result = {TUNEFARM_STATUS_FAULT,
                                  3,
                                  0x100000002,
                                  0xDEADBEEF,
                                  512,
                                  -1,
                                  7,
                                  9,
                                  {5, 0x8200, 0x40000000, 0x11, 0x22, 0x20001004, 0x20001009}};
  EXPECT_EQ(Hex(result),
            "05000000 03000000 02000000 01000000 efbeadde 00020000 ffffffff 07000000 09000000 "
            "05000000 00820000 00000040 11000000 22000000 04100020 09100020");
}

TEST(McuMailboxTest, ControlEndsWhereProgressBegins) {
  tunefarm_mailbox mailbox = {};
  mailbox.control = {1, TUNEFARM_MCU_RUN, 4, 0x20010000, 4096, 0x20020000, 8192, 1000};
  EXPECT_EQ(Hex(mailbox.control),
            "01000000 01000000 04000000 00000120 00100000 00000220 00200000 e8030000");
  mailbox.progress = {1, TUNEFARM_MCU_IDLE, 4, 101, 0, {}};
  EXPECT_EQ(Hex(mailbox.progress).substr(0, 44), "01000000 01000000 04000000 65000000 00000000");
}

TEST(McuMailboxTest, IdentityBeginsWithTheLettersOfTheMagic) {
  tunefarm_identity identity = {};
  identity.magic = TUNEFARM_MAILBOX_MAGIC;
  EXPECT_EQ(std::memcmp(&identity, "TFMB", 4), 0);
}

}  // namespace
}  // namespace tunefarm
