// The firmware on a board, through a debug link: brings it up, hands it queues of tasks, reads what
// came of them (docs/mcu-mailbox.md).
//
// Stands on debug_link.h and proto/mcu_mailbox.h. It decides nothing: every trouble goes upward as
// a Trouble, which bridge_runner.h answers with the recovery ladder.
#ifndef TUNEFARM_MCU_AGENT_BRIDGE_BOARD_SESSION_H_
#define TUNEFARM_MCU_AGENT_BRIDGE_BOARD_SESSION_H_

#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "mcu_agent/boards/board_map.h"
#include "mcu_agent/bridge/debug_link.h"
#include "mcu_agent/bridge/pace.h"
#include "mcu_agent/bridge/recovery_ladder.h"
#include "proto/mcu_mailbox.h"

namespace tunefarm::mcu_agent {

// What to do with the board before a queue: the kernels' stack and the code that they may not
// write.
struct QueueSetup {
  uint32_t stack = 0;
  uint32_t stack_bytes = 0;
  uint32_t guard = 0;
  uint32_t guard_bytes = 0;  // 0: nothing is guarded.
  uint32_t cut_ticks = 0;    // A first timed run above this is the only one; 0: never.
  // How long the firmware may work without getting to its next call.
  absl::Duration silence_limit = absl::Seconds(10);
};

// How a queue ended.
struct QueueEnd {
  enum Kind { kFinished, kCancelled, kTrouble };
  Kind kind = kFinished;
  std::vector<tunefarm_result> results;  // Of each task, if finished.
  Symptom symptom = Symptom::kStuck;     // If in trouble, as the two below.
  std::string why;
  std::optional<uint32_t> task;  // What the firmware was at; none where that is not known.
};

class BoardSession {
 public:
  // All must outlive the session.
  BoardSession(const BoardMap* board, DebugLink* link, const Pace* pace)
      : board_(*board), link_(*link), pace_(*pace) {}

  // Resets the board, checks that it is the one the map describes, loads the firmware if `load`,
  // and starts it. INVALID_ARGUMENT: chip or firmware is another one; FAILED_PRECONDITION: the
  // target refused, or its firmware does not come up; UNAVAILABLE, DEADLINE_EXCEEDED: the link is
  // gone.
  absl::Status Boot(bool load);

  // Resets the board and checks its chip, for EraseFlash and ProgramFlash: at the clock that flash
  // drivers expect, without caches and MPU. After them the board has to boot, with its firmware
  // loaded. Errors as of Boot.
  absl::Status HaltForFlash();
  absl::Status EraseFlash(const MemoryRange& range) {
    return link_.EraseFlash(range.base, range.bytes);
  }
  absl::Status ProgramFlash(uint32_t address, std::string_view bytes) {
    return link_.ProgramFlash(address, bytes);
  }

  // Of the firmware that runs. Requires a successful Boot.
  const tunefarm_identity& identity() const { return identity_; }
  const tunefarm_clock& clock() const { return clock_; }
  bool has_feature(uint32_t feature) const { return (identity_.features & feature) != 0; }

  // Runs `tasks`, at most identity().capacity, in order; returns when the last one has ended,
  // `stop` was requested, or the board is in trouble.
  QueueEnd RunQueue(const std::vector<tunefarm_task>& tasks, const QueueSetup& setup,
                    std::stop_token stop);

  // Memory of the board, in words.
  absl::Status Write(uint32_t address, std::string_view bytes) {
    return link_.Write(address, bytes);
  }
  absl::StatusOr<std::string> Read(uint32_t address, uint32_t num_bytes) {
    return link_.Read(address, num_bytes);
  }
  // Reads until two readings agree: nothing says that a word was corrupted on its way here.
  absl::StatusOr<std::string> ReadTwice(uint32_t address, uint32_t num_bytes);

 private:
  uint32_t FieldAddress(size_t offset) const {
    return board_.mailbox + static_cast<uint32_t>(offset);
  }
  absl::Status CheckChip();
  absl::Status CheckId(const ChipId& id, const char* what);
  absl::Status AwaitFirmware();
  absl::Status CheckIdentity() const;
  absl::Status Ring(const std::vector<tunefarm_task>& tasks, const QueueSetup& setup);
  absl::StatusOr<tunefarm_progress> ReadProgress();
  QueueEnd Await(size_t num_tasks, const QueueSetup& setup, std::stop_token stop);
  QueueEnd Collect(size_t num_tasks);

  const BoardMap& board_;
  DebugLink& link_;
  const Pace& pace_;
  tunefarm_identity identity_ = {};
  tunefarm_clock clock_ = {};
  uint32_t doorbell_ = 0;
};

// "HardFault (CFSR 0x00000400: imprecise bus fault) at pc 0x20001234, lr 0x2000abcd".
std::string DescribeFault(const tunefarm_fault& fault);

}  // namespace tunefarm::mcu_agent

#endif  // TUNEFARM_MCU_AGENT_BRIDGE_BOARD_SESSION_H_
