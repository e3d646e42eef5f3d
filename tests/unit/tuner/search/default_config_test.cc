#include "tuner/search/default_config.h"

#include <gtest/gtest.h>

#include "tests/unit/tuner/search/test_space.h"
#include "tuner/feature/analytic_cost.h"

namespace tunefarm::tuner {
namespace {

using compiler::Config;
using compiler::ConfigSpace;
using compiler::Target;

TEST(DefaultConfigTest, IsTheValidConfigOfLowestAnalyticCost) {
  const ConfigSpace space = TestSpace();
  const auto config = DefaultConfig(space, TestFacts, Target());
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_TRUE(space.IsValid(*config));
  const double cost = EstimateCost(TestFacts(*config), Target()).total_cycles;
  for (uint64_t index : space.ValidIndices(1000)) {
    EXPECT_GE(EstimateCost(TestFacts(space.At(index)), Target()).total_cycles, cost);
  }
}

TEST(DefaultConfigTest, TheSmallestIndexWinsAmongEquals) {
  const ConfigSpace space("flat.v1", {{"a", {5, 6, 7}, ""}}, nullptr);
  const auto config =
      DefaultConfig(space, [](const Config&) { return compiler::ConfigFacts(); }, Target());
  ASSERT_TRUE(config.ok());
  EXPECT_EQ(config->values[0], 5);
}

TEST(DefaultConfigTest, LargeSpacesGiveTheSameConfigEachTime) {
  std::vector<int64_t> values;
  for (int64_t i = 1; i <= 64; ++i) values.push_back(i);
  const ConfigSpace space(
      "large.v1", {{"a", values, ""}, {"b", values, ""}, {"c", values, ""}, {"d", values, ""}},
      nullptr);
  const auto facts = [](const Config& config) {
    return TestFacts({{config.values[0] % 8 + 1, config.values[1] % 8 + 1, config.values[2]}});
  };
  const auto first = DefaultConfig(space, facts, Target());
  const auto second = DefaultConfig(space, facts, Target());
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_EQ(*first, *second);
  // The evolution finds the largest tile, 8 x 8.
  EXPECT_EQ(first->values[0] % 8, 7);
  EXPECT_EQ(first->values[1] % 8, 7);
}

TEST(DefaultConfigTest, ASpaceWithoutValidConfigIsAnError) {
  const ConfigSpace space("none.v1", {{"a", {1}, ""}},
                          [](const Config&) { return std::string("never"); });
  EXPECT_EQ(DefaultConfig(space, TestFacts, Target()).status().code(), absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace tunefarm::tuner
