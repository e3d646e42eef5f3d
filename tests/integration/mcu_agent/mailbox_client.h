// The firmware through its mailbox, as the page docs/mcu-mailbox.md tells to use it.
#ifndef TUNEFARM_TESTS_INTEGRATION_MCU_AGENT_MAILBOX_CLIENT_H_
#define TUNEFARM_TESTS_INTEGRATION_MCU_AGENT_MAILBOX_CLIENT_H_

#include <cstdint>
#include <vector>

#include "mcu_agent/boards/board_map.h"
#include "proto/mcu_mailbox.h"
#include "tests/integration/mcu_agent/debugger.h"
#include "tests/integration/mcu_agent/thumb_kernels.h"

namespace tunefarm::mcu_agent {

class MailboxClient {
 public:
  MailboxClient(const BoardMap& map, Debugger* debugger) : map_(map), debugger_(debugger) {}

  // Resets, loads and starts the firmware; true when it is idle.
  bool Boot();
  tunefarm_mailbox Whole();

  // Copies code into the first region for code; its entry. Buffers get space in the first region
  // for data.
  uint32_t Place(const ThumbCode& code);
  uint32_t Allocate(uint32_t num_bytes);
  // The address of a table of these pointers.
  uint32_t Pointers(const std::vector<uint32_t>& addresses);

  // Runs a queue to its end, or until the firmware is broken. `control`: stack, guard; doorbell and
  // the number of tasks are filled in.
  tunefarm_progress Run(const std::vector<tunefarm_task>& tasks, tunefarm_control control);
  tunefarm_progress Run(const std::vector<tunefarm_task>& tasks);
  tunefarm_result Result(size_t task);

  // A stack and no guarded range.
  tunefarm_control DefaultControl();

 private:
  const BoardMap map_;
  Debugger* const debugger_;
  uint32_t next_code_ = 0;
  uint32_t next_data_ = 0;
  uint32_t stack_ = 0;
  uint32_t doorbell_ = 0;
};

// CRC-32 as zlib has it, bit by bit.
uint32_t Crc32(const std::vector<uint8_t>& bytes);

}  // namespace tunefarm::mcu_agent

#endif  // TUNEFARM_TESTS_INTEGRATION_MCU_AGENT_MAILBOX_CLIENT_H_
