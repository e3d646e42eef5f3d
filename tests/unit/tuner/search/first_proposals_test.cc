// What a session on a board proposes before anything is measured. Which register tiles are good is
// what llvm-mca says of their inner loops (tests/bench/arm_codegen); no board was asked.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "compiler/op/operator.h"
#include "compiler/op/workload.h"
#include "compiler/schedule/template.h"
#include "compiler/target/target.h"
#include "tuner/search/xgb_strategy.h"

namespace tunefarm::tuner {
namespace {

using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::Contains;
using ::testing::Each;
using ::testing::HasSubstr;

constexpr size_t kFirstBatch = 15;
constexpr char kConv3x3[] = "conv2d/f32/nhwc/1x56x56x64/o64k3x3s1x1p1x1/bias+relu";
constexpr char kConv1x1[] = "conv2d/f32/nhwc/1x14x14x512/o512k1x1/bias+relu";
constexpr char kConv1x1S8[] = "conv2d/s8/nhwc/1x14x14x512/o512k1x1/bias+requant+relu";

struct Proposed {
  std::string config;
  compiler::ConfigFacts facts;
};

std::vector<Proposed> FirstBatch(const std::string& board, const std::string& layer) {
  const compiler::Target target = *compiler::ParseTarget(board);
  const compiler::Operator op = *compiler::BuildOperator(*compiler::ParseWorkload(layer));
  const std::unique_ptr<compiler::BoundTemplate> bound = *compiler::BindTemplate(op, target);
  SearchInput input;
  input.space = &bound->space();
  input.facts = [&](const compiler::Config& config) { return bound->Facts(config); };
  input.target = target;
  input.rng = base::Rng(1);
  XgbStrategy strategy(std::move(input));
  std::vector<Proposed> batch;
  for (const Proposal& proposal : strategy.Propose(kFirstBatch)) {
    const compiler::Config config = bound->space().At(proposal.config_index);
    batch.push_back({bound->space().Print(config), bound->Facts(config)});
  }
  return batch;
}

std::vector<std::string> Configs(const std::vector<Proposed>& batch) {
  std::vector<std::string> configs;
  for (const Proposed& proposed : batch) configs.push_back(proposed.config);
  return configs;
}

// Multiply-adds per load of a register tile.
double Reuse(const compiler::ConfigFacts& facts) {
  return facts.fma_per_step / (facts.vector_loads_per_step + facts.broadcast_loads_per_step);
}

// In order, and one path for loads and multiply-adds: 66.7 to 71.6 % of the peak where four lanes
// come at a time and loads stand in groups, 73.6 % at most; 20 to 50 % without.
TEST(FirstProposalsTest, RaspberryPi3BeginsWithGroupedLoadsOfFourLanes) {
  for (const char* layer : {kConv3x3, kConv1x1}) {
    const std::vector<std::string> batch = Configs(FirstBatch("rpi3", layer));
    EXPECT_THAT(batch[0],
                AllOf(HasSubstr("lanes=4"), AnyOf(HasSubstr("group=2"), HasSubstr("group=4"))));
  }
  EXPECT_THAT(
      Configs(FirstBatch("rpi3", kConv1x1)),
      Contains(AllOf(HasSubstr("tile_m=8,tile_n=2"), HasSubstr("lanes=4"), HasSubstr("group=4"))));
}

// A doubleword is held in a quadword register there. 9 x 1 and 8 x 1 tiles of two lanes spill (27
// to 31 %), 4 x 2 of four lanes reaches 75.8 %; 79.7 % at most.
TEST(FirstProposalsTest, RaspberryPi3In32BitBeginsWithTilesThatDoNotSpill) {
  for (const Proposed& proposed : FirstBatch("rpi3-32", kConv3x3)) {
    EXPECT_LE(proposed.facts.accumulators + proposed.facts.operand_registers, 16)
        << proposed.config;
    EXPECT_THAT(proposed.config, HasSubstr("lanes=4"));
    EXPECT_EQ(proposed.facts.tile_pixels, 4) << proposed.config;
    EXPECT_EQ(proposed.facts.tile_vectors, 2) << proposed.config;
  }
}

// One load per cycle beside one multiply-add: 92 to 99.8 % of the peak.
TEST(FirstProposalsTest, RaspberryPi4BeginsWithTilesThatTheLoadPortCanFeed) {
  for (const char* layer : {kConv3x3, kConv1x1}) {
    EXPECT_GE(Reuse(FirstBatch("rpi4", layer)[0].facts), 1.5) << layer;
  }
}

// 98.3 to 99.6 % of the peak with two lanes or four at a time.
TEST(FirstProposalsTest, RaspberryPi5BeginsWithSeveralLanesPerLoad) {
  for (const char* layer : {kConv3x3, kConv1x1}) {
    const std::vector<Proposed> batch = FirstBatch("rpi5", layer);
    EXPECT_THAT(batch[0].config, AnyOf(HasSubstr("lanes=2"), HasSubstr("lanes=4")));
    EXPECT_GE(Reuse(batch[0].facts), 2);
  }
}

// A dot product whose input is spread on its way takes two vector slots (75 to 84 %), one that
// names its lane takes one (99.1 to 99.5 %).
TEST(FirstProposalsTest, MostDotProductsOfTheRaspberryPi5NameTheirLane) {
  const std::vector<std::string> batch = Configs(FirstBatch("rpi5", kConv1x1S8));
  EXPECT_THAT(batch, Each(HasSubstr("terms=4")));
  EXPECT_GE(std::count_if(batch.begin(), batch.end(),
                          [](const std::string& config) {
                            return config.find("lanes=1,") == std::string::npos;
                          }),
            9);
}

}  // namespace
}  // namespace tunefarm::tuner
