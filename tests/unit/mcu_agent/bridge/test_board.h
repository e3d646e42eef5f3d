// A board's map for tests: small enough that things do not fit.
#ifndef TUNEFARM_TESTS_UNIT_MCU_AGENT_BRIDGE_TEST_BOARD_H_
#define TUNEFARM_TESTS_UNIT_MCU_AGENT_BRIDGE_TEST_BOARD_H_

#include "mcu_agent/boards/board_map.h"

namespace tunefarm::mcu_agent {

// Code in itcm (4 KiB) and sram, data in dtcm (8 KiB) and sram (32 KiB, its last 8 KiB the
// firmware's).
inline BoardMap TestBoard() {
  BoardMap board;
  board.name = "test-board";
  board.description = "A board in a test's memory";
  board.cpu = "cortex-m7";
  board.cpuid = {0xE000ED00, 0xFFF0, 0xC270};
  board.firmware_elf = "firmware.elf";
  board.firmware = {0x20016000, 0x2000};
  board.mailbox = 0x20017000;
  board.regions = {{"itcm", {0x0, 0x1000}, true, false},
                   {"dtcm", {0x20000000, 0x2000}, false, true},
                   {"sram", {0x20010000, 0x8000}, true, true}};
  board.code_order = {"itcm", "sram"};
  board.data_order = {"dtcm", "sram"};
  board.constant_order = board.data_order;
  return board;
}

// The same with flash from kFlash on, 2 KiB unless said otherwise.
inline constexpr uint32_t kFlash = 0x08000000, kFlashEnd = 0x08000800;
inline BoardMap TestBoardWithFlash(uint32_t flash_bytes = kFlashEnd - kFlash) {
  BoardMap board = TestBoard();
  board.chip = ChipId{0xE0042000, 0xFFF, 0x413};
  board.regions.insert(board.regions.begin() + 1,
                       {"flash", {kFlash, flash_bytes}, true, false, true, true});
  return board;
}

}  // namespace tunefarm::mcu_agent

#endif  // TUNEFARM_TESTS_UNIT_MCU_AGENT_BRIDGE_TEST_BOARD_H_
