#include "mcu_agent/bridge/placement.h"

#include <algorithm>
#include <bit>
#include <optional>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "base/status.h"
#include "proto/kernel_abi.h"

namespace tunefarm::mcu_agent {
namespace {

constexpr uint64_t kWordBytes = 4;
constexpr uint64_t kStackAlignmentBytes = 32;
// The M7's cache line; also what literal loads and LDRD want at least.
constexpr uint64_t kImageAlignmentBytes = 32;

uint64_t BufferSpan(uint64_t num_bytes) {
  return RoundUp(num_bytes, TUNEFARM_BUFFER_ALIGNMENT_BYTES);
}

uint64_t PackedSpan(const CandidateSize& candidate) {
  uint64_t sum = 0;
  for (const uint64_t bytes : candidate.packed_bytes) sum += BufferSpan(bytes);
  return sum;
}

uint64_t TableBytes(const CandidateSize& candidate) {
  return uint64_t{candidate.num_buffers} * kWordBytes;
}

// Sizes of what a batch takes, together.
struct Totals {
  uint64_t code = 0, drawn = 0, output = 0, packed = 0, scratch = 0, stack = 0, samples = 0;
};

// Offsets of images and tables in the block, and its size.
struct Block {
  std::vector<CandidatePlace> offsets;
  uint64_t size = 0;
  uint64_t alignment = kImageAlignmentBytes;
};

Block MakeBlock(const std::vector<CandidateSize>& candidates) {
  Block block;
  for (const CandidateSize& candidate : candidates) {
    const uint64_t alignment =
        std::max<uint64_t>(kImageAlignmentBytes, candidate.image_alignment_bytes);
    block.alignment = std::max(block.alignment, alignment);
    CandidatePlace place;
    place.image = static_cast<uint32_t>(RoundUp(block.size, alignment));
    place.table = static_cast<uint32_t>(RoundUp(place.image + candidate.image_bytes, kWordBytes));
    block.size = place.table + TableBytes(candidate);
    block.offsets.push_back(std::move(place));
  }
  block.size = RoundUp(block.size, kWordBytes);
  return block;
}

Totals TotalsOf(const SharedSize& shared, const std::vector<CandidateSize>& candidates,
                const Block& block) {
  Totals totals;
  totals.code = block.size;
  for (const DrawnSize& drawn : shared.drawn) totals.drawn += BufferSpan(drawn.num_bytes);
  totals.output = BufferSpan(shared.output_bytes);
  for (const CandidateSize& candidate : candidates) {
    totals.packed = std::max(totals.packed, PackedSpan(candidate));
    totals.scratch = std::max(totals.scratch, BufferSpan(candidate.scratch_bytes));
  }
  totals.stack = shared.stack_bytes;
  totals.samples = shared.sample_bytes_per_candidate * candidates.size();
  return totals;
}

absl::StatusOr<std::vector<std::string>> CodeOrder(const BoardMap& map, const SharedSize& shared) {
  if (shared.code_memory.empty()) return map.code_order;
  const MemoryRegion* region = FindRegion(map, shared.code_memory);
  if (region != nullptr && region->code) return std::vector<std::string>{shared.code_memory};
  std::vector<std::string> memories;
  for (const MemoryRegion& other : map.regions) {
    if (other.code) memories.push_back(other.name);
  }
  return absl::InvalidArgumentError(
      absl::StrFormat("the kernel is for code memory '%s'; board %s runs code from %s",
                      shared.code_memory, map.name, absl::StrJoin(memories, ", ")));
}

// What is to be placed.
struct Batch {
  const BoardMap& map;
  const SharedSize& shared;
  const std::vector<CandidateSize>& candidates;
  std::vector<std::string> code_order;
  Block block;
  Totals totals;
};

absl::Status DoesNotFit(const Batch& batch, const absl::Status& why) {
  const std::string& code_memory = batch.shared.code_memory;
  const Totals& totals = batch.totals;
  return absl::ResourceExhaustedError(absl::StrFormat(
      "does not fit the board: code %u%s, inputs and constants %u, output %u, packed %u, scratch "
      "%u, stack %u, samples %u bytes; an empty board: %s; %s",
      totals.code, code_memory.empty() ? "" : " in " + code_memory, totals.drawn, totals.output,
      totals.packed, totals.scratch, totals.stack, totals.samples,
      FreeMemory(batch.map, FlashContents::Erased(batch.map).blank()).Describe(),
      std::string(why.message())));
}

// The aligned power of two around `block`.
Range GuardAround(const Range& block) {
  for (uint64_t size = std::bit_ceil(std::max<uint64_t>(block.size(), 32));
       size <= uint64_t{1} << 31; size *= 2) {
    const uint64_t begin = block.begin / size * size;
    if (begin + size >= block.end) return {begin, begin + size};
  }
  return {};
}

// Inputs and constants.
absl::Status PlaceDrawn(const Batch& batch, const FlashContents& flash, FreeMemory* memory,
                        BatchPlacement* placement) {
  for (const DrawnSize& drawn : batch.shared.drawn) {
    const std::optional<uint32_t> there =
        drawn.is_constant ? flash.FindTensor(drawn.key) : std::nullopt;
    if (there) {
      placement->drawn.push_back(*there);
      continue;
    }
    TUNEFARM_ASSIGN_OR_RETURN(
        const uint32_t taken,
        memory->TakeHighest(drawn.is_constant ? batch.map.constant_order : batch.map.data_order,
                            BufferSpan(drawn.num_bytes), TUNEFARM_BUFFER_ALIGNMENT_BYTES));
    placement->drawn.push_back(taken);
  }
  return absl::OkStatus();
}

std::string BlockKey(const Batch& batch, const BatchPlacement& placement, uint32_t packed) {
  std::string key = absl::StrFormat("block for %s, %u, %u:", absl::StrJoin(placement.drawn, ", "),
                                    placement.output, packed);
  for (const CandidateSize& candidate : batch.candidates) key += " " + candidate.digest;
  return key;
}

// Images, their tables and packed constants.
absl::Status PlaceCandidates(const Batch& batch, const FlashContents& flash, uint32_t packed,
                             FreeMemory* memory, BatchPlacement* placement) {
  placement->block_key = BlockKey(batch, *placement, packed);
  const std::optional<uint32_t> there = flash.FindBlock(placement->block_key);
  placement->block_is_there = there.has_value();
  uint32_t code = there.value_or(0);
  if (!there) {
    TUNEFARM_ASSIGN_OR_RETURN(
        code, memory->TakeLowest(batch.code_order, batch.block.size, batch.block.alignment));
  }
  placement->block = {code, code + batch.block.size};
  placement->candidates = batch.block.offsets;
  for (size_t i = 0; i < batch.candidates.size(); ++i) {
    CandidatePlace& place = placement->candidates[i];
    place.image += code;
    place.table += code;
    uint32_t next = packed;
    for (const uint64_t bytes : batch.candidates[i].packed_bytes) {
      place.packed.push_back(next);
      next += static_cast<uint32_t>(BufferSpan(bytes));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<BatchPlacement> Place(const Batch& batch, const FlashContents& flash) {
  BatchPlacement placement;
  FreeMemory memory(batch.map, flash.blank());
  const uint64_t alignment = TUNEFARM_BUFFER_ALIGNMENT_BYTES;
  const auto take = [&](uint64_t num_bytes, uint64_t multiple, uint32_t* address) {
    const auto taken = memory.TakeHighest(batch.map.data_order, num_bytes, multiple);
    if (taken.ok()) *address = *taken;
    return taken.status();
  };
  const Totals& totals = batch.totals;
  uint32_t packed = 0;
  // What does not depend on the candidates comes first: the same addresses in every batch.
  TUNEFARM_RETURN_IF_ERROR(PlaceDrawn(batch, flash, &memory, &placement));
  TUNEFARM_RETURN_IF_ERROR(take(totals.output, alignment, &placement.output));
  TUNEFARM_RETURN_IF_ERROR(take(totals.stack, kStackAlignmentBytes, &placement.stack));
  TUNEFARM_RETURN_IF_ERROR(take(totals.scratch, alignment, &placement.scratch));
  TUNEFARM_RETURN_IF_ERROR(take(totals.packed, alignment, &packed));
  TUNEFARM_RETURN_IF_ERROR(
      take(RoundUp(totals.samples, kWordBytes), alignment, &placement.samples));
  TUNEFARM_RETURN_IF_ERROR(PlaceCandidates(batch, flash, packed, &memory, &placement));
  // Around the block there must be nothing that a kernel has to write.
  const Range guard = GuardAround(placement.block);
  const Range below = {guard.begin, placement.block.begin};
  const Range above = {placement.block.end, guard.end};
  const bool is_free = (below.size() == 0 || memory.TakeExactly(below)) &&
                       (above.size() == 0 || memory.TakeExactly(above));
  if (is_free) placement.guard = guard;
  return placement;
}

absl::StatusOr<Batch> MakeBatch(const BoardMap& map, const SharedSize& shared,
                                const std::vector<CandidateSize>& candidates) {
  TUNEFARM_ASSIGN_OR_RETURN(std::vector<std::string> code_order, CodeOrder(map, shared));
  Block block = MakeBlock(candidates);
  const Totals totals = TotalsOf(shared, candidates, block);
  return Batch{map, shared, candidates, std::move(code_order), std::move(block), totals};
}

}  // namespace

absl::StatusOr<BatchPlacement> PlaceBatch(const BoardMap& map, const SharedSize& shared,
                                          const std::vector<CandidateSize>& candidates,
                                          const FlashContents& flash) {
  TUNEFARM_ASSIGN_OR_RETURN(const Batch batch, MakeBatch(map, shared, candidates));
  absl::StatusOr<BatchPlacement> placement = Place(batch, flash);
  if (placement.ok()) return placement;
  placement = Place(batch, FlashContents::Erased(map));
  if (!placement.ok()) return DoesNotFit(batch, placement.status());
  placement->erases_flash = true;
  return placement;
}

size_t NumThatFit(const BoardMap& map, const SharedSize& shared,
                  const std::vector<CandidateSize>& candidates, size_t most,
                  const FlashContents& flash) {
  for (const FlashContents& contents : {flash, FlashContents::Erased(map)}) {
    for (size_t count = std::min(most, candidates.size()); count > 0; --count) {
      const std::vector<CandidateSize> first(candidates.begin(),
                                             candidates.begin() + static_cast<ptrdiff_t>(count));
      const absl::StatusOr<Batch> batch = MakeBatch(map, shared, first);
      if (batch.ok() && Place(*batch, contents).ok()) return count;
    }
  }
  return 0;
}

}  // namespace tunefarm::mcu_agent
