// Where in a board's memory a batch of candidates goes.
//
// Stands between the bridge's runner and the link: a pure function from sizes to addresses. The
// tensors that all candidates of a task share come first and from the top of memory, so that they
// have the same addresses in every batch of that task and can stay there; images come from the
// bottom, one after the other in one block, so that a batch is loaded by one write.
#ifndef TUNEFARM_MCU_AGENT_BRIDGE_PLACEMENT_H_
#define TUNEFARM_MCU_AGENT_BRIDGE_PLACEMENT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "mcu_agent/boards/board_map.h"
#include "mcu_agent/bridge/flash_contents.h"
#include "mcu_agent/bridge/free_memory.h"

namespace tunefarm::mcu_agent {

// What a candidate needs for itself. Packed constants and scratch memory are used by one candidate
// at a time and lie over each other.
struct CandidateSize {
  std::string digest;  // Of its image and signature.
  uint64_t image_bytes = 0;
  uint32_t image_alignment_bytes = 4;
  uint32_t num_buffers = 0;  // Words of its pointer table.
  std::vector<uint64_t> packed_bytes;
  uint64_t scratch_bytes = 0;
};

// An input or a constant.
struct DrawnSize {
  uint64_t num_bytes = 0;
  bool is_constant = false;
  std::string key;  // Of its bytes: FlashContents knows it by this.
};

// What the candidates of a task share.
struct SharedSize {
  std::vector<DrawnSize> drawn;  // In the order of the signature.
  uint64_t output_bytes = 0;
  uint64_t stack_bytes = 0;  // Multiple of 32.
  uint64_t sample_bytes_per_candidate = 0;
  std::string code_memory;  // Region that the images must lie in; empty: the map's code_order.
};

struct CandidatePlace {
  uint32_t image = 0;
  uint32_t table = 0;
  std::vector<uint32_t> packed;
};

struct BatchPlacement {
  std::vector<uint32_t> drawn;
  uint32_t output = 0;
  uint32_t stack = 0;
  uint32_t scratch = 0;
  uint32_t samples = 0;  // Those of candidate i: sample_bytes_per_candidate x i further.
  std::vector<CandidatePlace> candidates;
  Range block;  // Images and tables of all candidates.
  // What the block's bytes follow from: images and the addresses in their tables. FlashContents
  // knows it by this.
  std::string block_key;
  bool block_is_there = false;  // In flash, from an earlier batch.
  // The smallest power of two that is aligned to itself and holds `block`, where nothing that
  // kernels write shares it; empty where there is none.
  Range guard;
  bool erases_flash = false;  // All of it must be erased first.
};

// Places `candidates`, all of them: into flash where its blank pieces have room, and otherwise as
// if it were erased. What is in flash already stays where it is. RESOURCE_EXHAUSTED
// says what takes how many bytes, and what is free; INVALID_ARGUMENT that the board runs no code
// from the memory asked for.
absl::StatusOr<BatchPlacement> PlaceBatch(const BoardMap& map, const SharedSize& shared,
                                          const std::vector<CandidateSize>& candidates,
                                          const FlashContents& flash);

// How many of `candidates`, from the first, can be placed together, at most `most`: into flash as
// it is, if any of them fits so, and else as if it were erased.
size_t NumThatFit(const BoardMap& map, const SharedSize& shared,
                  const std::vector<CandidateSize>& candidates, size_t most,
                  const FlashContents& flash);

}  // namespace tunefarm::mcu_agent

#endif  // TUNEFARM_MCU_AGENT_BRIDGE_PLACEMENT_H_
