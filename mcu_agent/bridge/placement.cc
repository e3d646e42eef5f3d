#include "mcu_agent/bridge/placement.h"

#include <algorithm>
#include <bit>
#include <numeric>

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

uint64_t RoundUp(uint64_t value, uint64_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

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
  for (const uint64_t bytes : shared.drawn_bytes) totals.drawn += BufferSpan(bytes);
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

absl::Status DoesNotFit(const BoardMap& map, const SharedSize& shared, const Totals& totals,
                        const absl::Status& why) {
  const std::string memory = shared.code_memory.empty() ? "" : " in " + shared.code_memory;
  return absl::ResourceExhaustedError(absl::StrFormat(
      "does not fit the board: code %u%s, inputs and constants %u, output %u, packed %u, scratch "
      "%u, "
      "stack %u, samples %u bytes; an empty board: %s; %s",
      totals.code, memory, totals.drawn, totals.output, totals.packed, totals.scratch, totals.stack,
      totals.samples, FreeMemory(map).Describe(), std::string(why.message())));
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

absl::Status Place(const BoardMap& map, const SharedSize& shared,
                   const std::vector<CandidateSize>& candidates, const Block& block,
                   const Totals& totals, const std::vector<std::string>& code_order,
                   BatchPlacement* placement) {
  FreeMemory memory(map);
  const uint64_t alignment = TUNEFARM_BUFFER_ALIGNMENT_BYTES;
  const auto take = [&](uint64_t num_bytes, uint64_t multiple, uint32_t* address) {
    const auto taken = memory.TakeHighest(map.data_order, num_bytes, multiple);
    if (taken.ok()) *address = *taken;
    return taken.status();
  };
  // What does not depend on the candidates comes first: the same addresses in every batch.
  placement->drawn.resize(shared.drawn_bytes.size());
  for (size_t i = 0; i < shared.drawn_bytes.size(); ++i) {
    TUNEFARM_RETURN_IF_ERROR(
        take(BufferSpan(shared.drawn_bytes[i]), alignment, &placement->drawn[i]));
  }
  TUNEFARM_RETURN_IF_ERROR(take(totals.output, alignment, &placement->output));
  TUNEFARM_RETURN_IF_ERROR(take(totals.stack, kStackAlignmentBytes, &placement->stack));
  uint32_t packed = 0;
  TUNEFARM_RETURN_IF_ERROR(take(totals.scratch, alignment, &placement->scratch));
  TUNEFARM_RETURN_IF_ERROR(take(totals.packed, alignment, &packed));
  TUNEFARM_RETURN_IF_ERROR(
      take(RoundUp(totals.samples, kWordBytes), alignment, &placement->samples));
  TUNEFARM_ASSIGN_OR_RETURN(const uint32_t code,
                            memory.TakeLowest(code_order, block.size, block.alignment));
  placement->block = {code, code + block.size};
  placement->candidates = block.offsets;
  for (size_t i = 0; i < candidates.size(); ++i) {
    CandidatePlace& place = placement->candidates[i];
    place.image += code;
    place.table += code;
    uint32_t next = packed;
    for (const uint64_t bytes : candidates[i].packed_bytes) {
      place.packed.push_back(next);
      next += static_cast<uint32_t>(BufferSpan(bytes));
    }
  }
  // Around the block there must be nothing that a kernel has to write.
  const Range guard = GuardAround(placement->block);
  const Range below = {guard.begin, placement->block.begin};
  const Range above = {placement->block.end, guard.end};
  const bool is_free = (below.size() == 0 || memory.TakeExactly(below)) &&
                       (above.size() == 0 || memory.TakeExactly(above));
  if (is_free) placement->guard = guard;
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<BatchPlacement> PlaceBatch(const BoardMap& map, const SharedSize& shared,
                                          const std::vector<CandidateSize>& candidates) {
  TUNEFARM_ASSIGN_OR_RETURN(const std::vector<std::string> code_order, CodeOrder(map, shared));
  const Block block = MakeBlock(candidates);
  const Totals totals = TotalsOf(shared, candidates, block);
  BatchPlacement placement;
  const absl::Status placed = Place(map, shared, candidates, block, totals, code_order, &placement);
  if (!placed.ok()) return DoesNotFit(map, shared, totals, placed);
  return placement;
}

size_t NumThatFit(const BoardMap& map, const SharedSize& shared,
                  const std::vector<CandidateSize>& candidates, size_t most) {
  for (size_t count = std::min(most, candidates.size()); count > 0; --count) {
    const std::vector<CandidateSize> first(candidates.begin(),
                                           candidates.begin() + static_cast<ptrdiff_t>(count));
    if (PlaceBatch(map, shared, first).ok()) return count;
  }
  return 0;
}

}  // namespace tunefarm::mcu_agent
