#include "mcu_agent/emulated_board/stm32f4_flash.h"

#include <gtest/gtest.h>

#include <cstring>

#include "tests/support/status_matchers.h"
#include "tests/unit/mcu_agent/emulated_board/fake_core_link.h"

namespace tunefarm::mcu_agent {
namespace {

using testing::IsOk;

constexpr uint32_t kKeyr = 0x40023C04, kSr = 0x40023C0C, kCr = 0x40023C10;
constexpr uint32_t kProgram = 1, kErase = 2, kStart = 1u << 16, kLock = 1u << 31;
constexpr uint32_t kBy8 = 0, kBy16 = 1u << 8, kBy32 = 2u << 8;
constexpr uint32_t kWidthError = 1u << 6, kOrderError = 1u << 7;
constexpr uint32_t kSector11 = 0x080E0000;

class Stm32f4FlashTest : public ::testing::Test {
 protected:
  template <typename T>
  T Read(uint32_t address) {
    T value = 0;
    EXPECT_THAT(flash_.Read(address, {reinterpret_cast<uint8_t*>(&value), sizeof(value)}), IsOk());
    return value;
  }
  template <typename T>
  void Write(uint32_t address, T value) {
    EXPECT_THAT(flash_.Write(address, {reinterpret_cast<const uint8_t*>(&value), sizeof(value)}),
                IsOk());
  }
  void Unlock() {
    Write<uint32_t>(kKeyr, 0x45670123);
    Write<uint32_t>(kKeyr, 0xCDEF89AB);
  }
  void ProgramHalfword(uint32_t address, uint16_t value) {
    Write<uint32_t>(kCr, kProgram | kBy16);
    Write(address, value);
  }
  void EraseSector(uint32_t number) { Write<uint32_t>(kCr, kErase | number << 3 | kStart); }

  FakeCoreLink link_;
  Stm32f4Flash flash_{&link_};
};

TEST_F(Stm32f4FlashTest, ItSaysWhichChipItIsAndHowLarge) {
  EXPECT_EQ(Read<uint32_t>(0xE0042000) & 0xFFF, 0x413);
  EXPECT_EQ(Read<uint16_t>(0x1FFF7A22), 1024);
}

TEST_F(Stm32f4FlashTest, NothingIsWrittenWithoutTheKey) {
  ProgramHalfword(kSector11, 0x1234);
  EXPECT_EQ(Read<uint32_t>(kSr), kOrderError);
  EXPECT_EQ(Read<uint16_t>(kSector11), 0xFFFF);
  EXPECT_EQ(Read<uint32_t>(kCr), kLock);
  Write<uint32_t>(kSr, kOrderError);
  EXPECT_EQ(Read<uint32_t>(kSr), 0u);
}

TEST_F(Stm32f4FlashTest, AWrongKeyLocksItUntilTheNextReset) {
  Write<uint32_t>(kKeyr, 0x45670123);
  Write<uint32_t>(kKeyr, 0x45670123);
  Unlock();
  EXPECT_EQ(Read<uint32_t>(kCr), kLock);
  EXPECT_THAT(flash_.Reset(), IsOk());
  Unlock();
  EXPECT_EQ(Read<uint32_t>(kCr), 0u);
}

TEST_F(Stm32f4FlashTest, ProgrammingOnlyClearsBitsAndErasingSetsThoseOfOneSector) {
  Unlock();
  ProgramHalfword(kSector11, 0x0FF0);
  ProgramHalfword(kSector11, 0x3CC3);
  EXPECT_EQ(Read<uint16_t>(kSector11), 0x0FF0 & 0x3CC3);
  ProgramHalfword(kSector11 - 2, 0x5555);
  EraseSector(11);
  EXPECT_EQ(Read<uint16_t>(kSector11), 0xFFFF);
  EXPECT_EQ(Read<uint16_t>(kSector11 - 2), 0x5555);
}

TEST_F(Stm32f4FlashTest, AWriteOfAnotherWidthIsAnError) {
  Unlock();
  Write<uint32_t>(kCr, kProgram | kBy16);
  Write<uint32_t>(kSector11, 0);
  EXPECT_EQ(Read<uint32_t>(kSr), kWidthError);
  EXPECT_EQ(Read<uint32_t>(kSector11), 0xFFFFFFFF);
  Write<uint32_t>(kCr, kProgram | kBy32);
  Write<uint32_t>(kSector11, 7);
  Write<uint32_t>(kCr, kProgram | kBy8);
  Write<uint8_t>(kSector11 + 4, 9);
  EXPECT_EQ(Read<uint32_t>(kSector11), 7u);
  EXPECT_EQ(Read<uint8_t>(kSector11 + 4), 9);
}

TEST_F(Stm32f4FlashTest, TheCoreSeesWhatWasProgrammedWhenItGoesOn) {
  Unlock();
  EraseSector(11);
  ProgramHalfword(kSector11 + 0x1FFFE, 0xBEEF);
  EXPECT_TRUE(link_.rom.empty());
  EXPECT_THAT(flash_.Resume(), IsOk());
  EXPECT_EQ(link_.rom.size(), 0x20000u);
  EXPECT_EQ(link_.rom[kSector11], 0xFF);
  EXPECT_EQ(link_.rom[kSector11 + 0x1FFFE], 0xEF);
}

TEST_F(Stm32f4FlashTest, ContentOutlivesThePower) {
  Unlock();
  ProgramHalfword(kSector11, 0x1234);
  EXPECT_THAT(flash_.Resume(), IsOk());
  flash_.PowerOff();
  EXPECT_THAT(flash_.PowerOn(), IsOk());
  EXPECT_EQ(Read<uint16_t>(kSector11), 0x1234);
  EXPECT_EQ(Read<uint32_t>(kCr), kLock);
  EXPECT_THAT(flash_.Resume(), IsOk());
  EXPECT_EQ(link_.rom[kSector11], 0x34);
}

TEST_F(Stm32f4FlashTest, EverythingElseIsTheCores) {
  Write<uint32_t>(kFakeRam, 5);
  EXPECT_EQ(link_.Word(kFakeRam), 5u);
  EXPECT_EQ(Read<uint32_t>(kFakeRam), 5u);
}

}  // namespace
}  // namespace tunefarm::mcu_agent
