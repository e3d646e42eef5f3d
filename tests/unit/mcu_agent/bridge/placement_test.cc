#include "mcu_agent/bridge/placement.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_format.h"
#include "base/rng.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/mcu_agent/bridge/test_board.h"

namespace tunefarm::mcu_agent {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::tunefarm::testing::IsOk;
using ::tunefarm::testing::StatusIs;

CandidateSize Candidate(uint64_t image_bytes) {
  CandidateSize size;
  size.image_bytes = image_bytes;
  size.num_buffers = 4;
  size.packed_bytes = {100};
  size.scratch_bytes = 200;
  return size;
}

SharedSize Shared() {
  SharedSize shared;
  shared.drawn_bytes = {1000, 300};
  shared.output_bytes = 500;
  shared.stack_bytes = 1024;
  shared.sample_bytes_per_candidate = 8;
  return shared;
}

Range At(uint64_t begin, uint64_t size) { return {begin, begin + size}; }

// Everything that `placement` put somewhere, by size.
std::vector<Range> Placed(const BatchPlacement& placement, const SharedSize& shared,
                          const std::vector<CandidateSize>& candidates) {
  std::vector<Range> ranges;
  for (size_t i = 0; i < shared.drawn_bytes.size(); ++i) {
    ranges.push_back(At(placement.drawn[i], shared.drawn_bytes[i]));
  }
  ranges.push_back(At(placement.output, shared.output_bytes));
  ranges.push_back(At(placement.stack, shared.stack_bytes));
  ranges.push_back(At(placement.samples, shared.sample_bytes_per_candidate * candidates.size()));
  uint64_t scratch = 0;
  for (size_t i = 0; i < candidates.size(); ++i) {
    ranges.push_back(At(placement.candidates[i].image, candidates[i].image_bytes));
    ranges.push_back(At(placement.candidates[i].table, 4 * candidates[i].num_buffers));
    scratch = std::max(scratch, candidates[i].scratch_bytes);
  }
  ranges.push_back(At(placement.scratch, scratch));
  std::erase_if(ranges, [](const Range& range) { return range.size() == 0; });
  return ranges;
}

void ExpectDisjointAndFree(const BoardMap& board, const std::vector<Range>& ranges) {
  const Range firmware = {board.firmware.base, board.firmware.end()};
  for (size_t i = 0; i < ranges.size(); ++i) {
    EXPECT_FALSE(ranges[i].Overlaps(firmware)) << i;
    EXPECT_TRUE(std::any_of(board.regions.begin(), board.regions.end(),
                            [&](const MemoryRegion& region) {
                              return Range{region.range.base, region.range.end()}.Contains(
                                  ranges[i]);
                            }))
        << i;
    for (size_t j = 0; j < i; ++j) EXPECT_FALSE(ranges[i].Overlaps(ranges[j])) << i << " " << j;
  }
}

TEST(PlacementTest, CodeAndDataGoToTheirBestRegions) {
  const auto placement = PlaceBatch(TestBoard(), Shared(), {Candidate(600), Candidate(700)});
  ASSERT_THAT(placement, IsOk());
  EXPECT_LT(placement->candidates[1].image, 0x1000);
  EXPECT_GE(placement->output, 0x20000000);
  EXPECT_LT(placement->output, 0x20002000);
  EXPECT_EQ(placement->drawn[0] % 64, 0);
}

TEST(PlacementTest, ImagesFollowEachOtherInOneBlock) {
  const auto placement = PlaceBatch(TestBoard(), Shared(), {Candidate(600), Candidate(700)});
  ASSERT_THAT(placement, IsOk());
  EXPECT_EQ(placement->block.begin, placement->candidates[0].image);
  EXPECT_EQ(placement->block.end, placement->candidates[1].table + 16);
  EXPECT_TRUE(placement->guard.Contains(placement->block));
}

TEST(PlacementTest, SharedTensorsLieAtTheSameAddressesInEveryBatch) {
  const auto one = PlaceBatch(TestBoard(), Shared(), {Candidate(600)});
  CandidateSize other = Candidate(3000);
  other.packed_bytes = {900, 900};
  other.scratch_bytes = 2000;
  const auto two = PlaceBatch(TestBoard(), Shared(), {other, Candidate(600)});
  ASSERT_THAT(one, IsOk());
  ASSERT_THAT(two, IsOk());
  EXPECT_EQ(one->drawn, two->drawn);
  EXPECT_EQ(one->output, two->output);
}

TEST(PlacementTest, CodeThatDoesNotFitTheBestRegionGoesToTheNext) {
  const auto placement = PlaceBatch(TestBoard(), Shared(), {Candidate(5000)});
  ASSERT_THAT(placement, IsOk());
  EXPECT_GE(placement->block.begin, 0x20010000);
}

TEST(PlacementTest, WhatDoesNotFitIsToldByItsParts) {
  EXPECT_THAT(
      PlaceBatch(TestBoard(), Shared(), {Candidate(40000)}),
      StatusIs(absl::StatusCode::kResourceExhausted,
               AllOf(HasSubstr("code 40016, inputs and constants 1344, output 512, packed 128, "
                               "scratch 256, stack 1024, samples 8 bytes"),
                     HasSubstr("itcm has 4096, dtcm has 8192, sram has 24576"))));
}

TEST(PlacementTest, AsManyAsFitShareABatch) {
  const std::vector<CandidateSize> candidates(40, Candidate(1500));
  const size_t count = NumThatFit(TestBoard(), Shared(), candidates, 32);
  EXPECT_GT(count, 5);
  EXPECT_LT(count, 32);
  EXPECT_EQ(NumThatFit(TestBoard(), Shared(), candidates, 3), 3);
  EXPECT_EQ(NumThatFit(TestBoard(), Shared(), {Candidate(40000)}, 3), 0);
}

TEST(PlacementTest, NothingOverlapsWhateverTheSizes) {
  constexpr uint64_t kSeed = 7;
  base::Rng rng(kSeed);
  int num_placed = 0;
  for (int round = 0; round < 300; ++round) {
    SCOPED_TRACE(absl::StrFormat("seed %u, round %d", kSeed, round));
    SharedSize shared = Shared();
    shared.drawn_bytes = {1 + rng.Below(4000), 1 + rng.Below(4000)};
    shared.output_bytes = 1 + rng.Below(3000);
    shared.code_memory = std::vector<std::string>{"", "itcm", "sram"}[rng.Below(3)];
    std::vector<CandidateSize> candidates;
    for (uint64_t i = 0; i <= rng.Below(8); ++i) {
      candidates.push_back(Candidate(4 + 4 * rng.Below(1000)));
      candidates.back().scratch_bytes = rng.Below(2000);
    }
    const auto placement = PlaceBatch(TestBoard(), shared, candidates);
    if (!placement.ok()) continue;
    ++num_placed;
    const bool in_itcm = placement->block.end <= 0x1000;
    EXPECT_TRUE(shared.code_memory.empty() || in_itcm == (shared.code_memory == "itcm"));
    ExpectDisjointAndFree(TestBoard(), Placed(*placement, shared, candidates));
    for (const Range& range : Placed(*placement, shared, candidates)) {
      const bool is_code = placement->block.Contains(range);
      EXPECT_TRUE(is_code || !placement->guard.Overlaps(range));
    }
  }
  EXPECT_GT(num_placed, 100);
}

TEST(PlacementTest, CodeForAMemoryLiesThere) {
  SharedSize shared = Shared();
  shared.code_memory = "sram";
  const auto placement = PlaceBatch(TestBoard(), shared, {Candidate(600)});
  ASSERT_THAT(placement, IsOk());
  EXPECT_GE(placement->block.begin, 0x20010000);
  // The tensors of the task stay where they are for its kernels elsewhere.
  const auto elsewhere = PlaceBatch(TestBoard(), Shared(), {Candidate(600)});
  EXPECT_EQ(placement->drawn, elsewhere->drawn);
  EXPECT_EQ(placement->output, elsewhere->output);
}

TEST(PlacementTest, CodeTooLargeForItsMemoryIsToldByItsParts) {
  SharedSize shared = Shared();
  shared.code_memory = "itcm";
  EXPECT_THAT(PlaceBatch(TestBoard(), shared, {Candidate(5000)}),
              StatusIs(absl::StatusCode::kResourceExhausted,
                       AllOf(HasSubstr("code 5016 in itcm, inputs and constants 1344"),
                             HasSubstr("itcm has 4096"))));
}

TEST(PlacementTest, MemoryThatRunsNoCodeIsRefused) {
  for (const std::string memory : {"dtcm", "axi"}) {
    SharedSize shared = Shared();
    shared.code_memory = memory;
    EXPECT_THAT(PlaceBatch(TestBoard(), shared, {Candidate(600)}),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         "the kernel is for code memory '" + memory +
                             "'; board test-board runs code from itcm, sram"));
  }
}

}  // namespace
}  // namespace tunefarm::mcu_agent
