// Boards without an operating system whose code may lie in more than one memory, by name: a core of
// target.cc and the memories. Stands beside arm_boards.h; the memories are those of the board's
// memory map (mcu_agent/boards/NAME/board.json, code_order), which a test compares.
#ifndef TUNEFARM_COMPILER_TARGET_MCU_BOARDS_H_
#define TUNEFARM_COMPILER_TARGET_MCU_BOARDS_H_

#include <string>
#include <vector>

namespace tunefarm::compiler {

struct McuBoard {
  const char* name;
  const char* summary;
  const char* core;                        // A name that ParseTarget knows.
  double clock_hz;                         // That its firmware sets up.
  std::vector<std::string> code_memories;  // Best first; at least two.
};
const std::vector<McuBoard>& McuBoards();

}  // namespace tunefarm::compiler

#endif  // TUNEFARM_COMPILER_TARGET_MCU_BOARDS_H_
