// A board as the farm sees it: what its map says, in the words of a DeviceInfo. Pure.
#ifndef TUNEFARM_MCU_AGENT_BRIDGE_BOARD_DEVICE_H_
#define TUNEFARM_MCU_AGENT_BRIDGE_BOARD_DEVICE_H_

#include <string>

#include "absl/status/statusor.h"
#include "mcu_agent/boards/board_map.h"
#include "tunefarm/v1/tracker.pb.h"

namespace tunefarm::mcu_agent {

// Everything but name, tags of the user and batch size. The tag `board` is the map's name.
// INVALID_ARGUMENT: a cpu that no kernel is compiled for.
absl::StatusOr<v1::DeviceInfo> DescribeBoard(const BoardMap& board);

// A board whose map cannot be used: what is known without one. No kernel is compiled for its
// triple.
v1::DeviceInfo DescribeUnusable(const std::string& board, bool emulated);

}  // namespace tunefarm::mcu_agent

#endif  // TUNEFARM_MCU_AGENT_BRIDGE_BOARD_DEVICE_H_
