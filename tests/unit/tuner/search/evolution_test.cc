#include "tuner/search/evolution.h"

#include <gtest/gtest.h>

#include <set>

#include "tests/unit/tuner/search/test_space.h"

namespace tunefarm::tuner {
namespace {

std::vector<double> PreferLarge(std::span<const uint64_t> indices) {
  return std::vector<double>(indices.begin(), indices.end());
}

TEST(EvolutionTest, EveryConfigMetIsValidAndDistinctAndRanked) {
  const compiler::ConfigSpace space = TestSpace();
  base::Rng rng(1);
  const auto met = Evolve(space, {space.ValidIndices(1)[0]}, PreferLarge, &rng);
  EXPECT_EQ(std::set<uint64_t>(met.begin(), met.end()).size(), met.size());
  for (uint64_t index : met) EXPECT_TRUE(space.IsValid(space.At(index)));
  EXPECT_TRUE(std::is_sorted(met.rbegin(), met.rend())) << "fitness is the index itself";
}

TEST(EvolutionTest, FindsTheBestFromASinglePoorParent) {
  const compiler::ConfigSpace space = TestSpace();
  base::Rng rng(1);
  const auto valid = space.ValidIndices(1000);
  EXPECT_EQ(Evolve(space, {valid.front()}, PreferLarge, &rng).front(), valid.back());
}

TEST(EvolutionTest, WithoutChildrenTheParentsAreRanked) {
  const compiler::ConfigSpace space = TestSpace();
  base::Rng rng(1);
  EvolutionOptions options;
  options.generations = 0;
  EXPECT_EQ(Evolve(space, {3, 9, 4, 9}, PreferLarge, &rng, options),
            (std::vector<uint64_t>{9, 4, 3}));
}

TEST(EvolutionTest, TiesAreRankedByIndex) {
  const Fitness flat = [](std::span<const uint64_t> indices) {
    return std::vector<double>(indices.size(), 1.0);
  };
  EXPECT_EQ(RankByFitness({9, 3, 4}, flat), (std::vector<uint64_t>{3, 4, 9}));
}

}  // namespace
}  // namespace tunefarm::tuner
