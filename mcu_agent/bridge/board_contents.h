// What batches have left on a board, and the way there of the next one.
//
// Stands between bridge_runner.h and the board's session: plans (batch_plan.h) leave out what is
// there already. RAM keeps tensors until something else is written over them or the board is
// reset; flash keeps them until it is erased.
#ifndef TUNEFARM_MCU_AGENT_BRIDGE_BOARD_CONTENTS_H_
#define TUNEFARM_MCU_AGENT_BRIDGE_BOARD_CONTENTS_H_

#include <stop_token>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "mcu_agent/boards/board_map.h"
#include "mcu_agent/bridge/batch_plan.h"
#include "mcu_agent/bridge/board_session.h"
#include "mcu_agent/bridge/flash_contents.h"
#include "mcu_agent/bridge/resident_set.h"

namespace tunefarm::mcu_agent {

// One thread at a time. Starts as a board of which nothing is known.
class BoardContents {
 public:
  // `map` must outlive it.
  explicit BoardContents(const BoardMap* map) : map_(*map) {}

  const ResidentSet& residents() const { return residents_; }
  const FlashContents& flash() const { return flash_; }

  // RAM and images are to be brought anew. Tensors in flash stay, as every queue checks them, and
  // what is blank still is.
  void BringAnew();
  // Nothing is known of the board any more: it may be another one.
  void Forget();

  // Brings there what `plan` writes, flash first. Errors as of BoardSession: part of it may be
  // there, and nothing is relied on. Besides: CANCELLED if `stop` was requested; ABORTED if flash
  // refused to be erased or programmed. The firmware must then be loaded.
  absl::Status Load(const BatchPlan& plan, BoardSession* session, std::stop_token stop);

  // After `plan`'s queue: what was found as it should be, and can be used again (batch_results.h)?
  void Ran(const BatchPlan& plan, bool block_intact, const std::vector<bool>& tensors_intact);

  // Why nothing is programmed any more, once flash refused kMostRefusals times in a row, or did not
  // hold what was programmed: sectors that are protected or worn, a map of another chip. "": it may
  // be.
  static constexpr int kMostRefusals = 3;
  std::string flash_refusal() const;

 private:
  absl::Status ProgramFlash(const BatchPlan& plan, BoardSession* session, std::stop_token stop);
  absl::Status WriteFlash(const BatchPlan& plan, BoardSession* session, std::stop_token stop);
  void CountRefusal(const std::string& why);

  const BoardMap& map_;
  ResidentSet residents_;
  FlashContents flash_;
  int num_erasures_ = 0;
  int num_refusals_ = 0;  // Since flash held what was programmed last.
  std::string last_refusal_;
};

}  // namespace tunefarm::mcu_agent

#endif  // TUNEFARM_MCU_AGENT_BRIDGE_BOARD_CONTENTS_H_
