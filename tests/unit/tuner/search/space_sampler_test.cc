#include "tuner/search/space_sampler.h"

#include <gtest/gtest.h>

#include <map>

#include "tests/unit/tuner/search/test_space.h"

namespace tunefarm::tuner {
namespace {

TEST(SpaceSamplerTest, SmallSpacesAreHeldWhole) {
  const compiler::ConfigSpace space = TestSpace();
  const SpaceSampler sampler(&space);
  EXPECT_TRUE(sampler.holds_all());
  EXPECT_EQ(sampler.all(), space.ValidIndices(1000));
}

TEST(SpaceSamplerTest, SpacesBeyondEitherLimitAreNotHeldAndStillDrawnFrom) {
  const compiler::ConfigSpace space = TestSpace();  // 96 indices, 72 valid.
  for (const SpaceSampler::Limits& limits :
       {SpaceSampler::Limits{71, 1000}, SpaceSampler::Limits{1000, 95}}) {
    const SpaceSampler sampler(&space, limits);
    EXPECT_FALSE(sampler.holds_all());
    base::Rng rng(1);
    const auto index = sampler.Draw([](uint64_t) { return false; }, &rng);
    ASSERT_TRUE(index.has_value());
    EXPECT_TRUE(space.IsValid(space.At(*index)));
  }
}

TEST(SpaceSamplerTest, DrawsAreUniformAmongWhatIsLeft) {
  const compiler::ConfigSpace space("s.v1", {{"a", {1, 2, 3, 4, 5, 6, 7, 8}, ""}}, nullptr);
  for (uint64_t max_indices : {uint64_t{100}, uint64_t{1}}) {
    const SpaceSampler sampler(&space, {100, max_indices});
    base::Rng rng(5);
    std::map<uint64_t, int> counts;
    for (int i = 0; i < 4000; ++i) {
      ++counts[*sampler.Draw([](uint64_t index) { return index < 4; }, &rng)];
    }
    ASSERT_EQ(counts.size(), 4u);
    // 1000 each, standard deviation 27: six of them.
    for (const auto& [index, count] : counts) EXPECT_NEAR(count, 1000, 165) << index;
  }
}

TEST(SpaceSamplerTest, TheLastOneIsFoundAndThenNothing) {
  const compiler::ConfigSpace space = TestSpace();
  const SpaceSampler sampler(&space);
  base::Rng rng(1);
  const uint64_t last = sampler.all()[50];
  EXPECT_EQ(sampler.Draw([last](uint64_t index) { return index != last; }, &rng), last);
  EXPECT_FALSE(sampler.Draw([](uint64_t) { return true; }, &rng).has_value());
}

}  // namespace
}  // namespace tunefarm::tuner
