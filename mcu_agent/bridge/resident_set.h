// What is in a board's RAM already and need not be brought again. Pure.
#ifndef TUNEFARM_MCU_AGENT_BRIDGE_RESIDENT_SET_H_
#define TUNEFARM_MCU_AGENT_BRIDGE_RESIDENT_SET_H_

#include <algorithm>
#include <string>
#include <vector>

#include "mcu_agent/bridge/free_memory.h"

namespace tunefarm::mcu_agent {

class ResidentSet {
 public:
  // Whether exactly `range` holds what `key` names.
  bool Holds(const Range& range, const std::string& key) const {
    return std::any_of(items_.begin(), items_.end(), [&](const Item& item) {
      return item.range.begin == range.begin && item.range.end == range.end && item.key == key;
    });
  }
  // `range` was written: whatever lay there is gone. With a key it can be found again.
  void Overwrite(const Range& range) {
    std::erase_if(items_, [&](const Item& item) { return item.range.Overlaps(range); });
  }
  void Put(const Range& range, const std::string& key) {
    Overwrite(range);
    items_.push_back({range, key});
  }
  void Clear() { items_.clear(); }

 private:
  struct Item {
    Range range;
    std::string key;
  };
  std::vector<Item> items_;
};

}  // namespace tunefarm::mcu_agent

#endif  // TUNEFARM_MCU_AGENT_BRIDGE_RESIDENT_SET_H_
