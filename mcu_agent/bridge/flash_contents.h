// What is known of a board's flash: which of it is blank, and what lies in it. Pure.
//
// Batches are programmed one behind the other and the whole region is erased when the next one
// finds no blank room: sectors wear out by being erased, not by being filled.
#ifndef TUNEFARM_MCU_AGENT_BRIDGE_FLASH_CONTENTS_H_
#define TUNEFARM_MCU_AGENT_BRIDGE_FLASH_CONTENTS_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "mcu_agent/boards/board_map.h"
#include "mcu_agent/bridge/free_memory.h"

namespace tunefarm::mcu_agent {

// Starts as flash of which nothing is known.
class FlashContents {
 public:
  // That of `map` when it has just been erased; nothing where the board has none.
  static FlashContents Erased(const BoardMap& map);

  const std::vector<Range>& blank() const { return blank_; }
  // Where what is called `key` lies.
  std::optional<uint32_t> Find(const std::string& key) const;

  // Nothing that is there is found any more; what is blank still is.
  void Distrust() { begins_.clear(); }

  // `range` is not blank any more: it holds what `key` names.
  void Programmed(const Range& range, const std::string& key);

 private:
  std::vector<Range> blank_;
  std::map<std::string, uint32_t> begins_;  // By key.
};

}  // namespace tunefarm::mcu_agent

#endif  // TUNEFARM_MCU_AGENT_BRIDGE_FLASH_CONTENTS_H_
