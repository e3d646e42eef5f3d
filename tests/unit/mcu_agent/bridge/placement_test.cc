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
  shared.drawn = {{1000, false, "input"}, {300, true, "weights"}};
  shared.output_bytes = 500;
  shared.stack_bytes = 1024;
  shared.sample_bytes_per_candidate = 8;
  return shared;
}

absl::StatusOr<BatchPlacement> Place(const BoardMap& board, const SharedSize& shared,
                                     const std::vector<CandidateSize>& candidates,
                                     const FlashContents& flash = {}) {
  return PlaceBatch(board, shared, candidates, flash);
}

Range At(uint64_t begin, uint64_t size) { return {begin, begin + size}; }

// Everything that `placement` put somewhere, by size.
std::vector<Range> Placed(const BatchPlacement& placement, const SharedSize& shared,
                          const std::vector<CandidateSize>& candidates) {
  std::vector<Range> ranges;
  for (size_t i = 0; i < shared.drawn.size(); ++i) {
    ranges.push_back(At(placement.drawn[i], shared.drawn[i].num_bytes));
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
  const auto placement = Place(TestBoard(), Shared(), {Candidate(600), Candidate(700)});
  ASSERT_THAT(placement, IsOk());
  EXPECT_LT(placement->candidates[1].image, 0x1000);
  EXPECT_GE(placement->output, 0x20000000);
  EXPECT_LT(placement->output, 0x20002000);
  EXPECT_EQ(placement->drawn[0] % 64, 0);
}

TEST(PlacementTest, ImagesFollowEachOtherInOneBlock) {
  const auto placement = Place(TestBoard(), Shared(), {Candidate(600), Candidate(700)});
  ASSERT_THAT(placement, IsOk());
  EXPECT_EQ(placement->block.begin, placement->candidates[0].image);
  EXPECT_EQ(placement->block.end, placement->candidates[1].table + 16);
  EXPECT_TRUE(placement->guard.Contains(placement->block));
}

TEST(PlacementTest, SharedTensorsLieAtTheSameAddressesInEveryBatch) {
  const auto one = Place(TestBoard(), Shared(), {Candidate(600)});
  CandidateSize other = Candidate(3000);
  other.packed_bytes = {900, 900};
  other.scratch_bytes = 2000;
  const auto two = Place(TestBoard(), Shared(), {other, Candidate(600)});
  ASSERT_THAT(one, IsOk());
  ASSERT_THAT(two, IsOk());
  EXPECT_EQ(one->drawn, two->drawn);
  EXPECT_EQ(one->output, two->output);
}

TEST(PlacementTest, CodeThatDoesNotFitTheBestRegionGoesToTheNext) {
  const auto placement = Place(TestBoard(), Shared(), {Candidate(5000)});
  ASSERT_THAT(placement, IsOk());
  EXPECT_GE(placement->block.begin, 0x20010000);
}

TEST(PlacementTest, WhatDoesNotFitIsToldByItsParts) {
  EXPECT_THAT(
      Place(TestBoard(), Shared(), {Candidate(40000)}),
      StatusIs(absl::StatusCode::kResourceExhausted,
               AllOf(HasSubstr("code 40016, inputs and constants 1344, output 512, packed 128, "
                               "scratch 256, stack 1024, samples 8 bytes"),
                     HasSubstr("itcm has 4096, dtcm has 8192, sram has 24576"))));
}

TEST(PlacementTest, AsManyAsFitShareABatch) {
  const std::vector<CandidateSize> candidates(40, Candidate(1500));
  const size_t count = NumThatFit(TestBoard(), Shared(), candidates, 32, {});
  EXPECT_GT(count, 5);
  EXPECT_LT(count, 32);
  EXPECT_EQ(NumThatFit(TestBoard(), Shared(), candidates, 3, {}), 3);
  EXPECT_EQ(NumThatFit(TestBoard(), Shared(), {Candidate(40000)}, 3, {}), 0);
}

TEST(PlacementTest, NothingOverlapsWhateverTheSizes) {
  constexpr uint64_t kSeed = 7;
  base::Rng rng(kSeed);
  int num_placed = 0;
  for (int round = 0; round < 300; ++round) {
    SCOPED_TRACE(absl::StrFormat("seed %u, round %d", kSeed, round));
    SharedSize shared = Shared();
    shared.drawn[0].num_bytes = 1 + rng.Below(4000);
    shared.drawn[1].num_bytes = 1 + rng.Below(4000);
    shared.output_bytes = 1 + rng.Below(3000);
    shared.code_memory = std::vector<std::string>{"", "itcm", "sram"}[rng.Below(3)];
    std::vector<CandidateSize> candidates;
    for (uint64_t i = 0; i <= rng.Below(8); ++i) {
      candidates.push_back(Candidate(4 + 4 * rng.Below(1000)));
      candidates.back().scratch_bytes = rng.Below(2000);
    }
    const auto placement = Place(TestBoard(), shared, candidates);
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
  const auto placement = Place(TestBoard(), shared, {Candidate(600)});
  ASSERT_THAT(placement, IsOk());
  EXPECT_GE(placement->block.begin, 0x20010000);
  // The tensors of the task stay where they are for its kernels elsewhere.
  const auto elsewhere = Place(TestBoard(), Shared(), {Candidate(600)});
  EXPECT_EQ(placement->drawn, elsewhere->drawn);
  EXPECT_EQ(placement->output, elsewhere->output);
}

TEST(PlacementTest, CodeTooLargeForItsMemoryIsToldByItsParts) {
  SharedSize shared = Shared();
  shared.code_memory = "itcm";
  EXPECT_THAT(Place(TestBoard(), shared, {Candidate(5000)}),
              StatusIs(absl::StatusCode::kResourceExhausted,
                       AllOf(HasSubstr("code 5016 in itcm, inputs and constants 1344"),
                             HasSubstr("itcm has 4096"))));
}

TEST(PlacementTest, MemoryThatRunsNoCodeIsRefused) {
  for (const std::string memory : {"dtcm", "axi"}) {
    SharedSize shared = Shared();
    shared.code_memory = memory;
    EXPECT_THAT(Place(TestBoard(), shared, {Candidate(600)}),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         "the kernel is for code memory '" + memory +
                             "'; board test-board runs code from itcm, sram"));
  }
}

SharedSize SharedForFlash() {
  SharedSize shared = Shared();
  shared.code_memory = "flash";
  return shared;
}

TEST(PlacementInFlashTest, CodeGoesToFlashOnlyWhereItIsAsked) {
  const auto elsewhere = Place(TestBoardWithFlash(), Shared(), {Candidate(600)});
  ASSERT_THAT(elsewhere, IsOk());
  EXPECT_EQ(elsewhere->block.begin, 0x0);
  EXPECT_FALSE(elsewhere->erases_flash);
  const auto placement = Place(TestBoardWithFlash(), SharedForFlash(), {Candidate(600)});
  ASSERT_THAT(placement, IsOk());
  EXPECT_EQ(placement->block.begin, kFlash);
  EXPECT_EQ(placement->drawn, elsewhere->drawn);
}

TEST(PlacementInFlashTest, FlashOfWhichNothingIsKnownIsErasedFirst) {
  const auto placement = Place(TestBoardWithFlash(), SharedForFlash(), {Candidate(600)});
  ASSERT_THAT(placement, IsOk());
  EXPECT_TRUE(placement->erases_flash);
}

TEST(PlacementInFlashTest, BatchesFollowOneAnotherUntilThereIsNoRoom) {
  const BoardMap board = TestBoardWithFlash();
  FlashContents flash = FlashContents::Erased(board);
  std::vector<uint32_t> begins;
  while (true) {
    CandidateSize candidate = Candidate(600);
    candidate.digest = absl::StrFormat("candidate %u", begins.size());
    const auto placement = Place(board, SharedForFlash(), {candidate}, flash);
    ASSERT_THAT(placement, IsOk());
    if (placement->erases_flash) {
      EXPECT_EQ(placement->block.begin, kFlash);
      break;
    }
    begins.push_back(static_cast<uint32_t>(placement->block.begin));
    flash.ProgrammedBlock(placement->block, placement->block_key);
  }
  EXPECT_EQ(begins, (std::vector<uint32_t>{kFlash, kFlash + 640, kFlash + 1280}));
}

TEST(PlacementInFlashTest, WhatIsBlankIsUsedUpBeforeFlashIsErased) {
  const BoardMap board = TestBoardWithFlash();
  const std::vector<CandidateSize> candidates(3, Candidate(600));
  FlashContents flash = FlashContents::Erased(board);
  EXPECT_EQ(NumThatFit(board, SharedForFlash(), candidates, 3, flash), 3);
  flash.ProgrammedBlock(At(kFlash, 600), "something");
  EXPECT_EQ(NumThatFit(board, SharedForFlash(), candidates, 3, flash), 2);
  flash.ProgrammedBlock(At(kFlash, 1600), "something");
  EXPECT_EQ(NumThatFit(board, SharedForFlash(), candidates, 3, flash), 3);
}

TEST(PlacementInFlashTest, ABatchThatIsThereIsUsedAgain) {
  const BoardMap board = TestBoardWithFlash();
  FlashContents flash = FlashContents::Erased(board);
  const auto first = Place(board, SharedForFlash(), {Candidate(1500)}, flash);
  ASSERT_THAT(first, IsOk());
  EXPECT_FALSE(first->block_is_there);
  flash.ProgrammedBlock(first->block, first->block_key);
  const auto again = Place(board, SharedForFlash(), {Candidate(1500)}, flash);
  ASSERT_THAT(again, IsOk());
  EXPECT_TRUE(again->block_is_there);
  EXPECT_FALSE(again->erases_flash);
  EXPECT_EQ(again->block.begin, first->block.begin);
  // With tensors elsewhere its tables are others.
  SharedSize moved = SharedForFlash();
  moved.drawn[0].num_bytes += 1000;
  const auto other = Place(board, moved, {Candidate(1500)}, flash);
  ASSERT_THAT(other, IsOk());
  EXPECT_FALSE(other->block_is_there);
  EXPECT_TRUE(other->erases_flash);
}

TEST(PlacementInFlashTest, CodeThatFlashCannotHoldIsRefusedWithWhatItHoldsWhenErased) {
  FlashContents full = FlashContents::Erased(TestBoardWithFlash());
  full.ProgrammedBlock({kFlash, kFlashEnd}, "something");
  EXPECT_THAT(Place(TestBoardWithFlash(), SharedForFlash(), {Candidate(5000)}, full),
              StatusIs(absl::StatusCode::kResourceExhausted,
                       AllOf(HasSubstr("code 5016 in flash"), HasSubstr("flash has 2048"))));
}

TEST(PlacementInFlashTest, ConstantsThatAreThereStayWhereTheyAre) {
  BoardMap board = TestBoardWithFlash();
  board.constant_order = {"flash"};
  FlashContents flash = FlashContents::Erased(board);
  const auto first = Place(board, Shared(), {Candidate(600)}, flash);
  ASSERT_THAT(first, IsOk());
  EXPECT_FALSE(first->erases_flash);
  EXPECT_EQ(first->drawn[1], kFlashEnd - 320);
  EXPECT_GE(first->drawn[0], 0x20000000);
  EXPECT_EQ(first->block.begin, 0x0);

  flash.ProgrammedTensor(At(first->drawn[1], 300), "weights");
  const auto again = Place(board, Shared(), {Candidate(600)}, flash);
  ASSERT_THAT(again, IsOk());
  EXPECT_EQ(again->drawn, first->drawn);
  SharedSize other = Shared();
  other.drawn[1].key = "other weights";
  const auto below = Place(board, other, {Candidate(600)}, flash);
  ASSERT_THAT(below, IsOk());
  EXPECT_LE(below->drawn[1] + 300, first->drawn[1]);
}

TEST(PlacementInFlashTest, NothingLiesWhereFlashIsNotBlank) {
  constexpr uint64_t kSeed = 11;
  base::Rng rng(kSeed);
  BoardMap board = TestBoardWithFlash();
  board.constant_order = {"flash"};
  FlashContents flash;
  std::vector<Range> programmed;
  int num_erasures = 0;
  for (int round = 0; round < 300; ++round) {
    SCOPED_TRACE(absl::StrFormat("seed %u, round %d", kSeed, round));
    SharedSize shared = Shared();
    shared.drawn[1] = {1 + rng.Below(400), true, absl::StrFormat("weights %u", rng.Below(3))};
    shared.drawn[1].key += absl::StrFormat(" of %u", shared.drawn[1].num_bytes);
    shared.code_memory = std::vector<std::string>{"", "flash"}[rng.Below(2)];
    std::vector<CandidateSize> candidates(1 + rng.Below(3), Candidate(4 + 4 * rng.Below(100)));
    candidates[0].digest = absl::StrFormat("candidate %d", round);
    const auto placement = Place(board, shared, candidates, flash);
    ASSERT_THAT(placement, IsOk());
    ExpectDisjointAndFree(board, Placed(*placement, shared, candidates));
    if (placement->erases_flash) {
      ++num_erasures;
      programmed.clear();
      flash = FlashContents::Erased(board);
    }
    std::vector<Range> anew;
    if (placement->block.begin >= kFlash && placement->block.end <= kFlashEnd) {
      anew.push_back(placement->block);
      flash.ProgrammedBlock(placement->block, placement->block_key);
    }
    const Range constant = At(placement->drawn[1], shared.drawn[1].num_bytes);
    const std::optional<uint32_t> there = flash.FindTensor(shared.drawn[1].key);
    if (there) {
      EXPECT_EQ(constant.begin, *there);
    } else if (constant.begin >= kFlash && constant.end <= kFlashEnd) {
      anew.push_back(constant);
      flash.ProgrammedTensor(constant, shared.drawn[1].key);
    }
    for (const Range& range : anew) {
      for (const Range& old : programmed) EXPECT_FALSE(range.Overlaps(old));
    }
    programmed.insert(programmed.end(), anew.begin(), anew.end());
  }
  EXPECT_GT(num_erasures, 10);
  EXPECT_LT(num_erasures, 250);
}

}  // namespace
}  // namespace tunefarm::mcu_agent
