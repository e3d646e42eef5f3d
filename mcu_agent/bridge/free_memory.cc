#include "mcu_agent/bridge/free_memory.h"

#include <algorithm>
#include <optional>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"

namespace tunefarm::mcu_agent {

std::vector<Range> Without(const Range& range, const Range& taken) {
  if (!range.Overlaps(taken)) return {range};
  std::vector<Range> left;
  for (const Range& rest : {Range{range.begin, std::max(range.begin, taken.begin)},
                            Range{std::min(range.end, taken.end), range.end}}) {
    if (rest.size() > 0) left.push_back(rest);
  }
  return left;
}

FreeMemory::FreeMemory(const BoardMap& map, const std::vector<Range>& blank_flash) {
  for (const MemoryRegion& region : map.regions) {
    names_.push_back(region.name);
    if (region.flash) {
      for (const Range& blank : blank_flash) pieces_.push_back({region.name, blank});
      continue;
    }
    for (const MemoryRange& free : FreeRanges(map, region)) {
      pieces_.push_back({region.name, {free.base, free.end()}});
    }
  }
}

void FreeMemory::Remove(const Range& range) {
  std::vector<Piece> left;
  for (const Piece& piece : pieces_) {
    for (const Range& rest : Without(piece.range, range)) left.push_back({piece.region, rest});
  }
  pieces_ = std::move(left);
}

// `fit` gives the address in a piece, or none.
template <typename Fit>
absl::StatusOr<uint32_t> FreeMemory::Take(const std::vector<std::string>& order, uint64_t num_bytes,
                                          Fit fit) {
  for (const std::string& region : order) {
    std::optional<uint64_t> best;
    for (const Piece& piece : pieces_) {
      if (piece.region != region || piece.range.size() < num_bytes) continue;
      const std::optional<uint64_t> address = fit(piece.range, best);
      if (address) best = address;
    }
    if (!best) continue;
    if (num_bytes > 0) Remove({*best, *best + num_bytes});
    return static_cast<uint32_t>(*best);
  }
  return absl::ResourceExhaustedError(absl::StrFormat("no %u bytes free in %s: %s", num_bytes,
                                                      absl::StrJoin(order, ", "), Describe()));
}

absl::StatusOr<uint32_t> FreeMemory::TakeLowest(const std::vector<std::string>& order,
                                                uint64_t num_bytes, uint64_t alignment_bytes) {
  return Take(order, num_bytes,
              [&](const Range& piece, std::optional<uint64_t> best) -> std::optional<uint64_t> {
                const uint64_t address = RoundUp(piece.begin, alignment_bytes);
                if (address + num_bytes > piece.end || best) return std::nullopt;
                return address;
              });
}

absl::StatusOr<uint32_t> FreeMemory::TakeHighest(const std::vector<std::string>& order,
                                                 uint64_t num_bytes, uint64_t alignment_bytes) {
  return Take(order, num_bytes,
              [&](const Range& piece, std::optional<uint64_t> best) -> std::optional<uint64_t> {
                const uint64_t address =
                    (piece.end - num_bytes) / alignment_bytes * alignment_bytes;
                if (address < piece.begin || (best && *best > address)) return std::nullopt;
                return address;
              });
}

bool FreeMemory::TakeExactly(const Range& range) {
  const bool is_free = std::any_of(pieces_.begin(), pieces_.end(), [&range](const Piece& piece) {
    return piece.range.Contains(range);
  });
  if (is_free) Remove(range);
  return is_free;
}

std::string FreeMemory::Describe() const {
  std::vector<std::string> parts;
  for (const std::string& name : names_) {
    uint64_t sum = 0;
    uint64_t largest = 0;
    for (const Piece& piece : pieces_) {
      if (piece.region != name) continue;
      sum += piece.range.size();
      largest = std::max(largest, piece.range.size());
    }
    parts.push_back(sum == largest
                        ? absl::StrFormat("%s has %u", name, sum)
                        : absl::StrFormat("%s has %u (in one piece %u)", name, sum, largest));
  }
  return absl::StrJoin(parts, ", ");
}

}  // namespace tunefarm::mcu_agent
