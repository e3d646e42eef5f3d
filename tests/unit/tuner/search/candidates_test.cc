#include "tuner/search/candidates.h"

#include <gtest/gtest.h>

#include "tests/unit/tuner/search/test_space.h"

namespace tunefarm::tuner {
namespace {

uint64_t Index(const compiler::ConfigSpace& space, const std::string& text) {
  return *space.IndexOf(*space.Parse(text));
}

TEST(CandidatesTest, ClassesFollowTileAndFacts) {
  const compiler::ConfigSpace space = TestSpace();
  Candidates candidates(&space, TestFacts, compiler::Target());
  const Candidate a = candidates.Get(Index(space, "acc=4,vec=2,unroll=1"));
  const Candidate b = candidates.Get(Index(space, "acc=4,vec=2,unroll=2"));
  const Candidate c = candidates.Get(Index(space, "acc=2,vec=4,unroll=1"));
  EXPECT_EQ(a.tile_class, b.tile_class);
  EXPECT_NE(a.facts_class, b.facts_class);
  EXPECT_NE(a.tile_class, c.tile_class) << "2 x 4 is not 4 x 2";
}

TEST(CandidatesTest, FactsAreAskedOncePerConfig) {
  const compiler::ConfigSpace space = TestSpace();
  int asked = 0;
  Candidates candidates(
      &space,
      [&asked](const compiler::Config& config) {
        ++asked;
        return TestFacts(config);
      },
      compiler::Target());
  candidates.Get(3);
  candidates.Get(3);
  candidates.Get(4);
  EXPECT_EQ(asked, 2);
}

TEST(CandidatesTest, DiversePicksTakeOnePerTileAndFillUpByRank) {
  const compiler::ConfigSpace space = TestSpace();
  Candidates candidates(&space, TestFacts, compiler::Target());
  const std::vector<uint64_t> ranked = {
      Index(space, "acc=4,vec=2,unroll=1"), Index(space, "acc=4,vec=2,unroll=2"),
      Index(space, "acc=2,vec=4,unroll=1"), Index(space, "acc=2,vec=4,unroll=4"),
      Index(space, "acc=8,vec=1,unroll=1")};
  EXPECT_EQ(candidates.PickDiverse(ranked, 2, 64, 1), (std::vector<size_t>{0, 2}));
  EXPECT_EQ(candidates.PickDiverse(ranked, 4, 64, 1), (std::vector<size_t>{0, 1, 2, 4}));
  EXPECT_EQ(candidates.PickDiverse(ranked, 2, 64, 2), (std::vector<size_t>{0, 1}));
  EXPECT_EQ(candidates.PickDiverse(ranked, 9, 64, 1), (std::vector<size_t>{0, 1, 2, 3, 4}));
  // Of the window of two, one tile is passed over for the other's sake, and is taken before what is
  // outside.
  EXPECT_EQ(candidates.PickDiverse(ranked, 2, 2, 1), (std::vector<size_t>{0, 1}));
}

TEST(CandidatesTest, ConfigsThatCannotBeToldApartDoNotShareABatch) {
  const compiler::ConfigSpace space("twins.v1", {{"twin", {1, 2, 3}, ""}, {"acc", {4, 8}, ""}},
                                    nullptr);
  Candidates candidates(
      &space, [](const compiler::Config& config) { return TestFacts({{config.values[1], 1, 1}}); },
      compiler::Target());
  // Indices 0, 2, 4 are twins with acc=4; 1 has acc=8.
  const std::vector<uint64_t> ranked = {0, 2, 4, 1};
  EXPECT_EQ(candidates.PickDiverse(ranked, 2, 64, 9), (std::vector<size_t>{0, 3}));
}

}  // namespace
}  // namespace tunefarm::tuner
