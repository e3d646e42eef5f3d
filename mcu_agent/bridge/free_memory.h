// Free memory of a board while it is being shared out.
//
// placement.h works on it. Pure; relies on the board's map.
#ifndef TUNEFARM_MCU_AGENT_BRIDGE_FREE_MEMORY_H_
#define TUNEFARM_MCU_AGENT_BRIDGE_FREE_MEMORY_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "mcu_agent/boards/board_map.h"

namespace tunefarm::mcu_agent {

// The next multiple, or `value` itself.
inline uint64_t RoundUp(uint64_t value, uint64_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

// Addresses [begin, end). 64 bits, so that a range may end at 4 GiB.
struct Range {
  uint64_t begin = 0;
  uint64_t end = 0;

  uint64_t size() const { return end > begin ? end - begin : 0; }
  bool Overlaps(const Range& other) const { return begin < other.end && other.begin < end; }
  bool Contains(const Range& other) const { return begin <= other.begin && other.end <= end; }
};

// What is left of `range`: none, one or two pieces, none of them empty.
std::vector<Range> Without(const Range& range, const Range& taken);

class FreeMemory {
 public:
  // All RAM but the firmware's block, and the pieces of flash that are blank.
  FreeMemory(const BoardMap& map, const std::vector<Range>& blank_flash);

  // `num_bytes` (0: any address will do) at a multiple of `alignment_bytes` in the first of `order`
  // that has room: at its lowest or its highest free addresses. RESOURCE_EXHAUSTED with the free
  // bytes of each region.
  absl::StatusOr<uint32_t> TakeLowest(const std::vector<std::string>& order, uint64_t num_bytes,
                                      uint64_t alignment_bytes);
  absl::StatusOr<uint32_t> TakeHighest(const std::vector<std::string>& order, uint64_t num_bytes,
                                       uint64_t alignment_bytes);
  // Whether all of `range` is free. If so it is taken.
  bool TakeExactly(const Range& range);

  // "sram1 has 229376 (in one piece 200000), dtcm has ...", for messages.
  std::string Describe() const;

 private:
  struct Piece {
    std::string region;
    Range range;
  };
  void Remove(const Range& range);
  template <typename Fit>
  absl::StatusOr<uint32_t> Take(const std::vector<std::string>& order, uint64_t num_bytes, Fit fit);

  std::vector<std::string> names_;
  std::vector<Piece> pieces_;  // By address.
};

}  // namespace tunefarm::mcu_agent

#endif  // TUNEFARM_MCU_AGENT_BRIDGE_FREE_MEMORY_H_
