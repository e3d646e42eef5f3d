#include "mcu_agent/emulated_board/core_model.h"

#include <gtest/gtest.h>

#include "tests/support/status_matchers.h"
#include "tests/unit/mcu_agent/emulated_board/fake_core_link.h"

namespace tunefarm::mcu_agent {
namespace {

using ::testing::_;
using testing::IsOk;
using testing::StatusIs;

constexpr uint32_t kAircr = 0xE000ED0C, kDfsr = 0xE000ED30, kDhcsr = 0xE000EDF0;
constexpr uint32_t kDcrsr = 0xE000EDF4, kDcrdr = 0xE000EDF8, kDemcr = 0xE000EDFC;
constexpr uint32_t kFpComp0 = 0xE0002008;
constexpr uint32_t kKey = 0xA05F0000, kEnable = 1, kHaltBit = 2, kStepBit = 4;
constexpr uint32_t kHalted = 1u << 17, kLockedUp = 1u << 19, kWasReset = 1u << 25;

class CoreModelTest : public ::testing::Test {
 protected:
  uint32_t Read(uint32_t address) {
    uint32_t word = 0;
    EXPECT_THAT(core_.Read(address, {reinterpret_cast<uint8_t*>(&word), 4}), IsOk());
    return word;
  }
  void Write(uint32_t address, uint32_t word) {
    EXPECT_THAT(core_.Write(address, {reinterpret_cast<const uint8_t*>(&word), 4}), IsOk());
  }
  void Halt() { Write(kDhcsr, kKey | kEnable | kHaltBit); }
  void Misbehave(const std::string& line) {
    const auto command = ParseMisbehaviour(line);
    ASSERT_THAT(command, IsOk());
    misbehaviour_.Apply(*command);
    if (command->power.has_value()) core_.SetPower(*command->power);
    core_.MisbehaviourChanged();
  }

  FakeCoreLink link_;
  Misbehaviour misbehaviour_;
  CoreModel core_{&link_, kFakeRam, &misbehaviour_};
};

TEST_F(CoreModelTest, HaltAndResumeReachTheCore) {
  Halt();
  EXPECT_NE(Read(kDhcsr) & kHalted, 0u);
  EXPECT_EQ(Read(kDfsr), 1u);
  Write(kDhcsr, kKey | kEnable);
  EXPECT_EQ(Read(kDhcsr) & kHalted, 0u);
  EXPECT_TRUE(link_.running);
}

TEST_F(CoreModelTest, AWriteToDhcsrWithoutTheKeyIsIgnored) {
  Write(kDhcsr, kEnable | kHaltBit);
  EXPECT_EQ(Read(kDhcsr) & kHalted, 0u);
}

TEST_F(CoreModelTest, AStepLeavesTheCoreHalted) {
  Halt();
  Write(kDhcsr, kKey | kEnable | kStepBit);
  EXPECT_EQ(link_.steps, 1);
  EXPECT_NE(Read(kDhcsr) & kHalted, 0u);
}

TEST_F(CoreModelTest, ResetStatusClearsOnRead) {
  EXPECT_NE(Read(kDhcsr) & kWasReset, 0u);
  EXPECT_EQ(Read(kDhcsr) & kWasReset, 0u);
}

TEST_F(CoreModelTest, ResetWithVectorCatchHaltsAndWithoutRunsTheVectors) {
  link_.SetWord(kFakeRam, 0x20008000);
  link_.SetWord(kFakeRam + 4, 0x20000101);
  Write(kDhcsr, kKey | kEnable);
  Write(kDemcr, 1);
  Write(kAircr, 0x05FA0004);
  EXPECT_NE(Read(kDhcsr) & kHalted, 0u);
  EXPECT_FALSE(link_.running);
  Write(kDemcr, 0);
  Write(kAircr, 0x05FA0004);
  EXPECT_EQ(link_.resets, 2);
  EXPECT_TRUE(link_.running);
}

TEST_F(CoreModelTest, ResetWithoutVectorsRunsNothing) {
  Write(kAircr, 0x05FA0004);
  EXPECT_EQ(link_.resets, 1);
  EXPECT_FALSE(link_.running);
}

TEST_F(CoreModelTest, RegistersGoThroughDcrsrAndDcrdr) {
  Halt();
  link_.registers[3] = 0x11223344;
  Write(kDcrsr, 3);
  EXPECT_EQ(Read(kDcrdr), 0x11223344u);
  Write(kDcrdr, 0x55667788);
  Write(kDcrsr, 15 | 1u << 16);
  EXPECT_EQ(link_.registers[15], 0x55667788u);
}

TEST_F(CoreModelTest, SingleRegistersAreHalvesOfDoubles) {
  Halt();
  link_.registers[kRegisterD0 + 1] = 0x1111111122222222;
  Write(kDcrsr, 64 + 3);
  EXPECT_EQ(Read(kDcrdr), 0x11111111u);
  Write(kDcrdr, 0x33333333);
  Write(kDcrsr, (64 + 2) | 1u << 16);
  EXPECT_EQ(link_.registers[kRegisterD0 + 1], 0x1111111133333333u);
}

// OpenOCD's checksum ends in a BKPT that stays in memory until an image is loaded over it, by then
// often under a running core.
TEST_F(CoreModelTest, BreakpointsChangeWithoutStoppingARunningCore) {
  constexpr uint32_t kBkpt = 0xBE00BF00;
  Halt();
  Write(kFakeRam + 0x100, kBkpt);
  Write(kDhcsr, kKey | kEnable);
  Write(kFakeRam + 0x100, 0);
  EXPECT_TRUE(link_.breakpoints.empty());
  EXPECT_TRUE(link_.running);
  Write(kFakeRam + 0x100, kBkpt);
  Write(kFpComp0, 0x20000201);
  EXPECT_EQ(link_.breakpoints.size(), 2u);
  EXPECT_TRUE(link_.running);
}

TEST_F(CoreModelTest, ComparatorsAndBkptOpcodesBecomeBreakpoints) {
  Write(kFpComp0, 0x08000101);
  EXPECT_EQ(link_.breakpoints, std::set<uint32_t>{0x08000100});
  Write(kFpComp0, 0);
  EXPECT_TRUE(link_.breakpoints.empty());

  const uint16_t bkpt = 0xBE11;
  const uint16_t original = 0x2000;
  ASSERT_THAT(core_.Write(kFakeRam + 6, {reinterpret_cast<const uint8_t*>(&bkpt), 2}), IsOk());
  EXPECT_EQ(link_.breakpoints, std::set<uint32_t>{kFakeRam + 6});
  ASSERT_THAT(core_.Write(kFakeRam + 6, {reinterpret_cast<const uint8_t*>(&original), 2}), IsOk());
  EXPECT_TRUE(link_.breakpoints.empty());
}

TEST_F(CoreModelTest, ABreakpointThatIsHitHalts) {
  Halt();
  Write(kDhcsr, kKey | kEnable);
  link_.stops = true;
  EXPECT_NE(Read(kDhcsr) & kHalted, 0u);
  EXPECT_NE(Read(kDfsr) & 2, 0u);
}

TEST_F(CoreModelTest, ALockedUpCoreIsHaltedAndItsMemoryLost) {
  link_.SetWord(kFakeRam, 7);
  Halt();
  Write(kDhcsr, kKey | kEnable);
  link_.dead = true;
  EXPECT_NE(Read(kDhcsr) & kLockedUp, 0u);
  EXPECT_EQ(link_.power_ons, 1);
  EXPECT_EQ(Read(kFakeRam), 0u);
  Halt();
  EXPECT_EQ(Read(kDhcsr) & (kLockedUp | kHalted), kHalted);
}

TEST_F(CoreModelTest, AResetEndsALockup) {
  Halt();
  Write(kDhcsr, kKey | kEnable);
  link_.dead = true;
  Write(kDemcr, 1);
  Write(kAircr, 0x05FA0004);
  EXPECT_EQ(Read(kDhcsr) & (kLockedUp | kHalted), kHalted);
}

TEST_F(CoreModelTest, AStuckCoreNeitherHaltsNorResetsUntilThePowerIsCycled) {
  Halt();
  Write(kDhcsr, kKey | kEnable);
  Misbehave("stuck-core until=power");
  EXPECT_FALSE(link_.running);
  Halt();
  Write(kAircr, 0x05FA0004);
  EXPECT_EQ(Read(kDhcsr) & kHalted, 0u);
  EXPECT_EQ(link_.resets, 0);
  Misbehave("power-cycle");
  Halt();
  EXPECT_NE(Read(kDhcsr) & kHalted, 0u);
}

TEST_F(CoreModelTest, WithoutPowerNothingAnswers) {
  Misbehave("power-off");
  uint8_t byte = 0;
  EXPECT_THAT(core_.Read(kFakeRam, {&byte, 1}), StatusIs(absl::StatusCode::kUnavailable, _));
  Misbehave("power-on");
  EXPECT_THAT(core_.Read(kFakeRam, {&byte, 1}), IsOk());
}

TEST_F(CoreModelTest, OneBitFlipsInTheWordAfterTheGivenBytes) {
  Misbehave("corrupt-word after=4");
  Write(kFakeRam, 0);
  Write(kFakeRam + 4, 0);
  Write(kFakeRam + 8, 0);
  EXPECT_EQ(link_.Word(kFakeRam), 0u);
  EXPECT_EQ(link_.Word(kFakeRam + 4), 0x10u);
  EXPECT_EQ(link_.Word(kFakeRam + 8), 0u);
}

TEST_F(CoreModelTest, ABrownOutLosesMemoryAndResets) {
  link_.SetWord(kFakeRam + 0x100, 0x12345678);
  Misbehave("brown-out after=4");
  Write(kFakeRam, 1);
  const uint32_t word = 2;
  EXPECT_THAT(core_.Write(kFakeRam + 4, {reinterpret_cast<const uint8_t*>(&word), 4}),
              StatusIs(absl::StatusCode::kUnavailable, _));
  EXPECT_EQ(link_.Word(kFakeRam + 0x100), 0u);
  EXPECT_NE(Read(kDhcsr) & kWasReset, 0u);
}

}  // namespace
}  // namespace tunefarm::mcu_agent
