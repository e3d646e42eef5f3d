#include "compiler/target/mcu_boards.h"

namespace tunefarm::compiler {

// The emulated MPS2 boards are not among them: an emulator has no wait states, so a search over
// their memories would measure everything twice.
const std::vector<McuBoard>& McuBoards() {
  static const auto* const boards = new std::vector<McuBoard>{
      {"stm32f746",
       "STM32F746 board: cortex-m7, code in the instruction TCM or in SRAM1",
       "cortex-m7",
       216e6,
       {"itcm", "sram1"}},
      {"nucleo-h743zi",
       "ST Nucleo-H743ZI: cortex-m7, code in the instruction TCM or in AXI SRAM",
       "cortex-m7",
       400e6,
       {"itcm", "axi"}},
      {"nucleo-l4r5zi",
       "ST Nucleo-L4R5ZI: cortex-m4, code in SRAM2 by the I-code bus or in SRAM1",
       "cortex-m4",
       120e6,
       {"sram2", "sram1"}},
  };
  return *boards;
}

}  // namespace tunefarm::compiler
