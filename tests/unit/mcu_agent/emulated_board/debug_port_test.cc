#include "mcu_agent/emulated_board/debug_port.h"

#include <gtest/gtest.h>

#include "tests/support/status_matchers.h"
#include "tests/unit/mcu_agent/emulated_board/fake_core_link.h"

namespace tunefarm::mcu_agent {
namespace {

using ::testing::_;
using testing::IsOk;
using testing::StatusIs;

constexpr uint32_t kCsw = 0x00, kTar = 0x04, kDrw = 0x0C, kBd1 = 0x14, kIdr = 0xFC;
constexpr uint32_t kIncrement = 0x10, kByte = 0, kHalf = 1, kWord = 2, kPacked = 0x20;
constexpr uint32_t kSticky = 1u << 5;

class DebugPortTest : public ::testing::Test {
 protected:
  uint32_t Ap(uint32_t reg) { return port_.ReadAp(0, reg).value_or(0xDEAD); }
  void SetAp(uint32_t reg, uint32_t value) { EXPECT_THAT(port_.WriteAp(0, reg, value), IsOk()); }

  FakeCoreLink link_;
  Misbehaviour misbehaviour_;
  CoreModel core_{&link_, kFakeRam, &misbehaviour_};
  DebugPort port_{&core_, &misbehaviour_, 0x2BA01477};
};

TEST_F(DebugPortTest, PowerRequestsAreAcknowledged) {
  ASSERT_THAT(port_.WriteDp(kDpCtrlStat, 0x50000000, false), IsOk());
  EXPECT_EQ(*port_.ReadDp(kDpCtrlStat), 0xF0000000u);
}

TEST_F(DebugPortTest, ThereIsOneMemApAndNoOtherAp) {
  EXPECT_EQ(Ap(kIdr), 0x24770011u);
  EXPECT_EQ(*port_.ReadAp(1, kIdr), 0u);
}

TEST_F(DebugPortTest, WordsAdvanceTheAddress) {
  SetAp(kCsw, kIncrement | kWord);
  SetAp(kTar, kFakeRam);
  SetAp(kDrw, 0x11111111);
  SetAp(kDrw, 0x22222222);
  EXPECT_EQ(link_.Word(kFakeRam + 4), 0x22222222u);
  EXPECT_EQ(Ap(kTar), kFakeRam + 8);
}

TEST_F(DebugPortTest, BytesAndHalvesSitInTheLanesOfTheirAddress) {
  link_.SetWord(kFakeRam, 0x44332211);
  SetAp(kCsw, kIncrement | kByte);
  SetAp(kTar, kFakeRam + 1);
  EXPECT_EQ(Ap(kDrw), 0x2200u);
  EXPECT_EQ(Ap(kDrw), 0x330000u);
  SetAp(kCsw, kIncrement | kHalf);
  SetAp(kTar, kFakeRam + 2);
  SetAp(kDrw, 0xABCD0000);
  EXPECT_EQ(link_.Word(kFakeRam), 0xABCD2211u);
}

TEST_F(DebugPortTest, PackedTransfersMoveWholeWords) {
  SetAp(kCsw, kPacked | kByte);
  SetAp(kTar, kFakeRam);
  SetAp(kDrw, 0x04030201);
  EXPECT_EQ(link_.Word(kFakeRam), 0x04030201u);
  EXPECT_EQ(Ap(kTar), kFakeRam + 4);
}

TEST_F(DebugPortTest, BankedDataAddressesFourWordsAroundTar) {
  SetAp(kCsw, kWord);
  SetAp(kTar, kFakeRam + 0x18);
  SetAp(kBd1, 7);
  EXPECT_EQ(link_.Word(kFakeRam + 0x14), 7u);
}

TEST_F(DebugPortTest, ABusFaultSticksUntilItIsCleared) {
  SetAp(kCsw, kIncrement | kWord);
  SetAp(kTar, 0x30000000);
  (void)Ap(kDrw);
  EXPECT_NE(*port_.ReadDp(kDpCtrlStat) & kSticky, 0u);
  ASSERT_THAT(port_.WriteDp(kDpIdr, 1u << 2, false), IsOk());  // ABORT
  EXPECT_EQ(*port_.ReadDp(kDpCtrlStat) & kSticky, 0u);

  (void)Ap(kDrw);
  ASSERT_THAT(port_.WriteDp(kDpCtrlStat, kSticky, true), IsOk());  // As JTAG does it.
  EXPECT_EQ(*port_.ReadDp(kDpCtrlStat) & kSticky, 0u);
}

TEST_F(DebugPortTest, AMisalignedAccessIsAFault) {
  SetAp(kCsw, kIncrement | kWord);
  SetAp(kTar, kFakeRam + 2);
  SetAp(kDrw, 1);
  EXPECT_NE(*port_.ReadDp(kDpCtrlStat) & kSticky, 0u);
}

TEST_F(DebugPortTest, ADeadCableIsUnavailable) {
  misbehaviour_.Apply(*ParseMisbehaviour("dead-cable until=reconnect"));
  EXPECT_THAT(port_.ReadDp(kDpIdr), StatusIs(absl::StatusCode::kUnavailable, _));
  misbehaviour_.On(Until::kReconnect);
  EXPECT_THAT(port_.ReadDp(kDpIdr), IsOk());
}

TEST_F(DebugPortTest, ThePortForgetsItsStateWithThePower) {
  ASSERT_THAT(port_.WriteDp(kDpCtrlStat, 0x50000000, false), IsOk());
  core_.SetPower(PowerChange::kOff);
  EXPECT_THAT(port_.ReadDp(kDpCtrlStat), StatusIs(absl::StatusCode::kUnavailable, _));
  core_.SetPower(PowerChange::kOn);
  EXPECT_EQ(*port_.ReadDp(kDpCtrlStat), 0u);
}

}  // namespace
}  // namespace tunefarm::mcu_agent
