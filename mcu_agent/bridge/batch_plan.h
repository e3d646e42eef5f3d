// A batch of candidates as bytes to be written and tasks to be run.
//
// Stands between bridge_runner.h, which carries it out, and batch_choice.h. Pure: no link, no
// clock. A queue reads: fill the tensors that are not there, check that the images arrived, verify
// and time each candidate, check that the tensors are what they were.
#ifndef TUNEFARM_MCU_AGENT_BRIDGE_BATCH_PLAN_H_
#define TUNEFARM_MCU_AGENT_BRIDGE_BATCH_PLAN_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "mcu_agent/bridge/batch_choice.h"
#include "mcu_agent/bridge/board_session.h"
#include "mcu_agent/bridge/drawn_tensor.h"
#include "mcu_agent/bridge/free_memory.h"
#include "mcu_agent/bridge/resident_set.h"
#include "proto/mcu_mailbox.h"

namespace tunefarm::mcu_agent {

struct BatchPlan {
  struct Write {
    uint32_t address = 0;
    std::string bytes;      // Whole words.
    std::string key;        // Of what they are, for FlashContents.
    bool is_block = false;  // Images and tables; else a tensor.
  };
  // A tensor of the signature and where it lies.
  struct Tensor {
    uint32_t position = 0;  // In the signature.
    Range range;
    std::string key;
    uint32_t crc = 0;
  };

  // Come first, and the firmware is started anew after them.
  bool erases_flash = false;  // All of it, before them.
  std::vector<Write> flash_writes;
  std::vector<Write> writes;
  std::vector<tunefarm_task> tasks;
  QueueSetup setup;
  std::vector<Tensor> tensors;
  Range block;  // Images and tables.
  uint32_t block_crc = 0;
  // Positions in `tasks`.
  size_t block_check = 0;
  size_t first_call = 0;
  size_t first_tensor_check = 0;
  size_t num_candidates = 0;
  uint32_t output = 0;
  uint64_t output_bytes = 0;
  uint32_t samples = 0;
  uint32_t repeats = 0;  // Samples of each candidate.

  uint32_t sample_bytes() const {
    return static_cast<uint32_t>(num_candidates * repeats * sizeof(uint32_t));
  }
};

// Plans a batch of all `candidates`. Tensors that `residents` holds are not filled again.
absl::StatusOr<BatchPlan> PlanOf(const BatchContext& context,
                                 const std::vector<const ReadyCandidate*>& candidates,
                                 const ResidentSet& residents, DrawnChecksums* checksums);

}  // namespace tunefarm::mcu_agent

#endif  // TUNEFARM_MCU_AGENT_BRIDGE_BATCH_PLAN_H_
