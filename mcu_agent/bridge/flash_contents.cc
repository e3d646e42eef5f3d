#include "mcu_agent/bridge/flash_contents.h"

namespace tunefarm::mcu_agent {

FlashContents FlashContents::Erased(const BoardMap& map) {
  FlashContents contents;
  const MemoryRegion* flash = FlashOf(map);
  if (flash != nullptr) contents.blank_.push_back({flash->range.base, flash->range.end()});
  return contents;
}

std::optional<uint32_t> FlashContents::Find(const Begins& begins, const std::string& key) {
  const auto found = begins.find(key);
  if (found == begins.end()) return std::nullopt;
  return found->second;
}

void FlashContents::TakeBlank(const Range& range) {
  std::vector<Range> left;
  for (const Range& piece : blank_) {
    for (const Range& rest : Without(piece, range)) left.push_back(rest);
  }
  blank_ = std::move(left);
}

void FlashContents::ProgrammedTensor(const Range& range, const std::string& key) {
  TakeBlank(range);
  tensors_[key] = static_cast<uint32_t>(range.begin);
}

void FlashContents::ProgrammedBlock(const Range& range, const std::string& key) {
  TakeBlank(range);
  blocks_[key] = static_cast<uint32_t>(range.begin);
}

}  // namespace tunefarm::mcu_agent
