// Which candidates a board can run, which of them may share a batch, and how many fit into one.
//
// Stands before batch_plan.h, which plans the batch that was chosen, and upon placement.h. Pure: no
// link, no clock.
#ifndef TUNEFARM_MCU_AGENT_BRIDGE_BATCH_CHOICE_H_
#define TUNEFARM_MCU_AGENT_BRIDGE_BATCH_CHOICE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "device_agent/kernel_runner.h"
#include "mcu_agent/boards/board_map.h"
#include "mcu_agent/bridge/flash_contents.h"
#include "mcu_agent/bridge/kernel_image.h"
#include "mcu_agent/bridge/placement.h"

namespace tunefarm::mcu_agent {

// Of the kernels: a template's uses a few hundred bytes; register spills of wide tiles some more.
inline constexpr uint32_t kKernelStackBytes = 4096;

// A candidate that may run: checked, its image read.
struct ReadyCandidate {
  const v1::Candidate* candidate = nullptr;  // Not owned.
  KernelImage image;

  const v1::KernelSignature& signature() const { return candidate->kernel().signature(); }
};

// The board, its firmware and the request, as far as a plan depends on them.
struct BatchContext {
  const BoardMap* board = nullptr;
  const device_agent::MeasureRequest* request = nullptr;
  uint32_t capacity = 0;  // Tasks in a queue.
  bool has_fpu = false;   // The firmware can draw floats.
  uint32_t tick_hz = 0;
  uint32_t overhead_ticks = 0;
  FlashContents flash;
};

// Timed runs of each candidate. An emulator counts instructions: a second run repeats the first.
uint32_t NumRepeats(const v1::TimingSpec& timing, bool emulated);

// INVALID_ARGUMENT unless a board can verify the task: one output, and it has an expectation.
absl::Status CheckTask(const BatchContext& context, const ReadyCandidate& candidate);

// Whether flash must be programmed for the candidate, unless it is there already.
bool NeedsFlash(const BoardMap& map, const ReadyCandidate& candidate);

// What tells tasks of one request apart, and memories that code is for: candidates with the same
// can share a batch.
std::string BatchKey(const ReadyCandidate& candidate);

// How many of `candidates`, from the first, fit into one queue and the board's memory, at least
// one; RESOURCE_EXHAUSTED (bytes per section) where not even the first does. All have the same
// BatchKey.
absl::StatusOr<size_t> NumInBatch(const BatchContext& context,
                                  const std::vector<const ReadyCandidate*>& candidates);

// The output that is verified. Requires CheckTask.
const v1::Buffer& OutputOf(const BatchContext& context, const ReadyCandidate& candidate);

// Places a batch of all `candidates`; errors as of PlaceBatch.
absl::StatusOr<BatchPlacement> PlacementOf(const BatchContext& context,
                                           const std::vector<const ReadyCandidate*>& candidates);

}  // namespace tunefarm::mcu_agent

#endif  // TUNEFARM_MCU_AGENT_BRIDGE_BATCH_CHOICE_H_
