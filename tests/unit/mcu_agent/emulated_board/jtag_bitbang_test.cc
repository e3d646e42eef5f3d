#include "mcu_agent/emulated_board/jtag_bitbang.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/unit/mcu_agent/emulated_board/fake_core_link.h"

namespace tunefarm::mcu_agent {
namespace {

class JtagBitbangTest : public ::testing::Test {
 protected:
  // One clock; what TDO showed before the edge.
  bool Clock(bool tms, bool tdi) {
    const char low = static_cast<char>('0' + 2 * tms + tdi);
    const char high = static_cast<char>(low + 4);
    return jtag_.Receive(std::string{low, 'R', high}) == "1";
  }
  void Tms(const std::string& bits) {
    for (const char bit : bits) Clock(bit == '1', false);
  }
  // From Run-Test/Idle: shifts `bits` bits into IR or DR; what came out.
  uint64_t Shift(bool instruction, uint64_t in, int bits) {
    Tms(instruction ? "1100" : "100");
    uint64_t out = 0;
    for (int i = 0; i < bits; ++i) out |= uint64_t{Clock(i + 1 == bits, in >> i & 1)} << i;
    Tms("10");
    return out;
  }
  uint64_t Instruction(uint64_t code) { return Shift(true, code, 4); }
  // A 35-bit access; the data of the one before.
  uint32_t Access(uint32_t reg, bool read, uint32_t data) {
    const uint64_t in = uint64_t{data} << 3 | (reg >> 2) << 1 | (read ? 1 : 0);
    const uint64_t out = Shift(false, in, 35);
    EXPECT_EQ(out & 7, 2u) << "not acknowledged";
    return static_cast<uint32_t>(out >> 3);
  }
  void SetUp() override { Tms("111110"); }

  FakeCoreLink link_;
  Misbehaviour misbehaviour_;
  CoreModel core_{&link_, kFakeRam, &misbehaviour_};
  DebugPort port_{&core_, &misbehaviour_, 0};
  JtagBitbang jtag_{&port_, &core_, 0x4BA00477};
};

TEST_F(JtagBitbangTest, FiveOnesLeadToResetFromEveryState) {
  for (int i = 0; i < 16; ++i) {
    TapState state = static_cast<TapState>(i);
    for (int edge = 0; edge < 5; ++edge) state = NextTapState(state, true);
    EXPECT_EQ(state, TapState::kReset) << i;
  }
}

TEST_F(JtagBitbangTest, AfterResetTheIdcodeIsShiftedOut) {
  EXPECT_EQ(Shift(false, 0, 32), 0x4BA00477u);
}

TEST_F(JtagBitbangTest, TheInstructionRegisterCapturesOne) { EXPECT_EQ(Instruction(0xF), 1u); }

TEST_F(JtagBitbangTest, BypassDelaysByOneBit) {
  Instruction(0xF);
  EXPECT_EQ(Shift(false, 0b1011, 4), 0b0110u);
}

TEST_F(JtagBitbangTest, ReadsOfTheDebugPortArePipelined) {
  Instruction(0xA);
  Access(kDpCtrlStat, false, 0x50000000);
  Access(kDpCtrlStat, true, 0);
  EXPECT_EQ(Access(kDpRdbuff, true, 0), 0xF0000000u);
}

TEST_F(JtagBitbangTest, MemoryIsWrittenThroughTheAccessPort) {
  Instruction(0xA);
  Access(kDpSelect, false, 0);
  Instruction(0xB);
  Access(0x0, false, 0x12);  // CSW: words, incrementing.
  Access(0x4, false, kFakeRam);
  Access(0xC, false, 0xCAFEF00D);
  EXPECT_EQ(link_.Word(kFakeRam), 0xCAFEF00Du);
  Access(0x4, false, kFakeRam);
  Access(0xC, true, 0);
  Instruction(0xA);
  EXPECT_EQ(Access(kDpRdbuff, true, 0), 0xCAFEF00Du);
}

TEST_F(JtagBitbangTest, TheResetLineActsWhenItIsReleased) {
  (void)jtag_.Receive("s");
  EXPECT_EQ(link_.resets, 0);
  (void)jtag_.Receive("r");
  EXPECT_EQ(link_.resets, 1);
}

}  // namespace
}  // namespace tunefarm::mcu_agent
