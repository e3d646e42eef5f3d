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
  // Where the tensor, or the images and tables of a batch, called `key` lie.
  std::optional<uint32_t> FindTensor(const std::string& key) const { return Find(tensors_, key); }
  std::optional<uint32_t> FindBlock(const std::string& key) const { return Find(blocks_, key); }

  // `range` is not blank any more: it holds what `key` names.
  void ProgrammedTensor(const Range& range, const std::string& key);
  void ProgrammedBlock(const Range& range, const std::string& key);

  // They are not found any more. What is blank still is.
  void ForgetTensor(const std::string& key) { tensors_.erase(key); }
  void ForgetBlocks() { blocks_.clear(); }

 private:
  using Begins = std::map<std::string, uint32_t>;  // By key.

  static std::optional<uint32_t> Find(const Begins& begins, const std::string& key);
  void TakeBlank(const Range& range);

  std::vector<Range> blank_;
  Begins tensors_;
  Begins blocks_;
};

}  // namespace tunefarm::mcu_agent

#endif  // TUNEFARM_MCU_AGENT_BRIDGE_FLASH_CONTENTS_H_
