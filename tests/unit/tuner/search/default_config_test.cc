#include "tuner/search/default_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "compiler/schedule/template.h"
#include "tests/unit/tuner/search/test_space.h"
#include "tuner/feature/analytic_cost.h"

namespace tunefarm::tuner {
namespace {

using compiler::Config;
using compiler::ConfigSpace;
using compiler::Target;
using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::HasSubstr;

std::string DefaultOf(const std::string& key, const std::string& target_name) {
  const Target target = *compiler::ParseTarget(target_name);
  const auto bound =
      *compiler::BindTemplate(*compiler::BuildOperator(*compiler::ParseWorkload(key)), target);
  const auto config =
      DefaultConfig(bound->space(), [&](const Config& c) { return bound->Facts(c); }, target);
  return config.ok() ? bound->space().Print(*config) : std::string(config.status().message());
}

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

// The layers whose figures tests/bench/cortex_m has: what is taken unmeasured is what it found
// best, or within 1 % of that.
TEST(DefaultConfigTest, BoardsConvolutionsTakeWideWeightsAndTheBufferThatPays) {
  EXPECT_THAT(DefaultOf("conv2d/s8/nhwc/1x32x32x16/o16k3x3p1x1/bias+requant+relu", "cortex-m7"),
              AllOf(HasSubstr("weight_bits=16"), HasSubstr("rows=8")))
      << "pairs of channels";
  EXPECT_THAT(DefaultOf("conv2d/s8/nhwc/1x32x32x3/o16k3x3p1x1/bias+requant+relu", "cortex-m7"),
              AllOf(HasSubstr("weight_bits=16"), HasSubstr("rows=0")))
      << "three channels";
  for (const char* core : {"cortex-m4", "cortex-m7"}) {
    EXPECT_THAT(DefaultOf("conv2d/s8/nhwc/1x25x5x64/o64k1x1/bias+requant+relu", core),
                AllOf(HasSubstr("weight_bits=16"),
                      AnyOf(HasSubstr("pixels=4,channels=2"), HasSubstr("pixels=2,channels=4"))));
    EXPECT_THAT(DefaultOf("dense/s8/1x64/o12/bias+requant", core), HasSubstr("weight_bits=16"));
  }
}

// Emulated boards take the same time from every memory: what is tried first is the best one's.
TEST(DefaultConfigTest, CodeLiesInTheBestMemoryUnlessMeasuredOtherwise) {
  for (const char* key : {"conv2d/s8/nhwc/1x25x5x64/o64k1x1/bias+requant+relu", "softmax/s8/1x10",
                          "depthwise_conv2d/s8/nhwc/1x25x5x64/k3x3p1x1/bias+requant"}) {
    EXPECT_EQ(DefaultOf(key, "cortex-m7,code=itcm+sram1"),
              DefaultOf(key, "cortex-m7") + ",code_memory=0");
  }
}

}  // namespace
}  // namespace tunefarm::tuner
