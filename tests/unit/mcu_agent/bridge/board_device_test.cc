#include "mcu_agent/bridge/board_device.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/status_matchers.h"
#include "tests/unit/mcu_agent/bridge/test_board.h"

namespace tunefarm::mcu_agent {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::tunefarm::testing::IsOk;
using ::tunefarm::testing::StatusIs;

TEST(BoardDeviceTest, BoardIsDescribedInTheCompilersWords) {
  const auto device = DescribeBoard(TestBoard());
  ASSERT_THAT(device, IsOk());
  EXPECT_EQ(device->triple(), "thumbv7em-none-unknown-eabihf");
  EXPECT_THAT(device->features(), ElementsAre("dsp", "fp-armv8d16", "code:itcm", "code:sram"));
  EXPECT_EQ(device->tags().at("board"), "test-board");
  EXPECT_FALSE(device->emulated());
}

TEST(BoardDeviceTest, FlashIsAPlaceForCodeOnlyWhereItMayBeUsed) {
  const auto device = DescribeBoard(TestBoardWithFlash());
  ASSERT_THAT(device, IsOk());
  EXPECT_THAT(device->features(), Contains("code:flash"));
  EXPECT_EQ(device->memory_bytes(), DescribeBoard(TestBoard())->memory_bytes());
  const auto without = DescribeBoard(WithoutFlash(TestBoardWithFlash()));
  ASSERT_THAT(without, IsOk());
  EXPECT_THAT(without->features(), Not(Contains("code:flash")));
}

TEST(BoardDeviceTest, EmulatedBoardIsMarked) {
  BoardMap board = TestBoard();
  board.emulator = Emulator{"mps2-an500", 4};
  EXPECT_TRUE(DescribeBoard(board)->emulated());
}

TEST(BoardDeviceTest, UnknownCoreIsNamed) {
  BoardMap board = TestBoard();
  board.cpu = "cortex-m85";
  EXPECT_THAT(DescribeBoard(board),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("cortex-m85")));
}

}  // namespace
}  // namespace tunefarm::mcu_agent
