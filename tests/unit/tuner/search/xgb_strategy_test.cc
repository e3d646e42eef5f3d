#include "tuner/search/xgb_strategy.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "tests/unit/tuner/search/test_space.h"
#include "tuner/search/default_config.h"

namespace tunefarm::tuner {
namespace {

using compiler::Config;
using compiler::ConfigSpace;

// No exploration, so that each pick has one reason.
XgbStrategyOptions Greedy() {
  XgbStrategyOptions options;
  options.num_analytic = 4;
  options.num_random = 0;
  options.random_share = options.late_random_share = 0;
  options.uncertain_every = 1000;
  return options;
}

// Likes small indices.
std::vector<Prediction> PreferSmall(std::span<const uint64_t> indices) {
  std::vector<Prediction> predictions;
  for (uint64_t index : indices) predictions.push_back({-static_cast<double>(index), 0});
  return predictions;
}

size_t Count(const std::vector<Proposal>& proposals, ProposalOrigin how) {
  return static_cast<size_t>(std::count_if(proposals.begin(), proposals.end(),
                                           [how](const Proposal& p) { return p.how == how; }));
}

TEST(XgbStrategyTest, TheDefaultConfigComesFirst) {
  const ConfigSpace space = TestSpace();
  XgbStrategy strategy(TestInput(space));
  const auto proposals = strategy.Propose(1);
  ASSERT_EQ(proposals.size(), 1u);
  EXPECT_EQ(proposals[0].how, ProposalOrigin::kDefault);
  EXPECT_EQ(space.At(proposals[0].config_index),
            *DefaultConfig(space, TestFacts, compiler::Target()));
  EXPECT_GT(proposals[0].predicted, 0);
  EXPECT_LE(proposals[0].predicted, 1);
}

TEST(XgbStrategyTest, FirstAnalyticProposalsHaveDifferentRegisterTiles) {
  const ConfigSpace space = TestSpace();
  XgbStrategy strategy(TestInput(space), Greedy());
  std::set<std::pair<int64_t, int64_t>> tiles;
  for (const Proposal& proposal : strategy.Propose(4)) {
    const Config config = space.At(proposal.config_index);
    EXPECT_TRUE(tiles.insert({config.values[0], config.values[1]}).second) << "the same tile twice";
  }
}

TEST(XgbStrategyTest, SeedsOfSimilarTasksFollowTheDefaultAndForeignOnesAreDropped) {
  const ConfigSpace space = TestSpace();
  SearchInput input = TestInput(space);
  input.seeds = {Config{{2, 1, 1}}, Config{{1, 1, 1}}, Config{{9, 1, 1}}, Config{{2, 1}},
                 Config{{2, 3, 1}}};
  XgbStrategy strategy(std::move(input), Greedy());
  const auto proposals = strategy.Propose(3);
  ASSERT_EQ(proposals.size(), 3u);
  EXPECT_EQ(proposals[1].how, ProposalOrigin::kTransfer);
  EXPECT_EQ(space.At(proposals[1].config_index).values, (std::vector<int64_t>{2, 1, 1}));
  EXPECT_EQ(space.At(proposals[2].config_index).values, (std::vector<int64_t>{2, 3, 1}));
}

TEST(XgbStrategyTest, WithoutAModelTheAnalyticOrderGoesOn) {
  const ConfigSpace space = TestSpace();
  SearchInput input = TestInput(space);
  input.score = [](std::span<const uint64_t>) { return std::vector<Prediction>(); };
  XgbStrategy strategy(std::move(input), Greedy());
  strategy.Propose(4);
  const auto later = strategy.Propose(8);
  EXPECT_EQ(Count(later, ProposalOrigin::kAnalytic), 8u);
}

TEST(XgbStrategyTest, LaterProposalsAreTheModelsBestOfDifferentTiles) {
  const ConfigSpace space = TestSpace();
  SearchInput input = TestInput(space);
  input.score = PreferSmall;
  XgbStrategy strategy(std::move(input), Greedy());
  strategy.Propose(4);
  const auto later = strategy.Propose(3);
  ASSERT_EQ(Count(later, ProposalOrigin::kModel), 3u);
  // acc=1,vec=2 holds indices 3, 4, 5 and acc=1,vec=4 9, 10, 11: one of each tile, then acc=2,vec=1
  // (12).
  EXPECT_EQ(Indices(later), (std::vector<uint64_t>{3, 9, 12}));
}

TEST(XgbStrategyTest, ABatchLargerThanTheTilesIsFilledByRank) {
  const ConfigSpace space(
      "one_tile.v1", {{"acc", {4}, ""}, {"vec", {2}, ""}, {"unroll", {1, 2, 4, 8}, ""}}, nullptr);
  SearchInput input = TestInput(space);
  input.score = PreferSmall;
  XgbStrategyOptions options = Greedy();
  options.num_analytic = 1;
  XgbStrategy strategy(std::move(input), options);
  EXPECT_EQ(Indices(strategy.Propose(1)),
            std::vector<uint64_t>({2}));  // The first that is bound by latency alone.
  EXPECT_EQ(Indices(strategy.Propose(3)), (std::vector<uint64_t>{0, 1, 3}));
}

TEST(XgbStrategyTest, OneOfEightLaterProposalsIsTheMostDisputed) {
  const ConfigSpace space = TestSpace();
  SearchInput input = TestInput(space);
  const uint64_t disputed = space.ValidIndices(100)[20];
  input.score = [disputed](std::span<const uint64_t> indices) {
    std::vector<Prediction> predictions = PreferSmall(indices);
    for (size_t i = 0; i < indices.size(); ++i) {
      if (indices[i] == disputed) predictions[i].disagreement = 0.9;
    }
    return predictions;
  };
  XgbStrategyOptions options = Greedy();
  options.uncertain_every = 8;
  XgbStrategy strategy(std::move(input), options);
  strategy.Propose(4);
  const auto later = strategy.Propose(8);
  EXPECT_EQ(Count(later, ProposalOrigin::kUncertain), 1u);
  EXPECT_EQ(later.back().config_index, disputed);
}

TEST(XgbStrategyTest, TheShareOfRandomPicksFallsAsObservationsCome) {
  const ConfigSpace space("wide.v1",
                          {{"acc", {1, 2, 3, 4, 5, 6, 7, 8}, ""},
                           {"vec", {1, 2, 3, 4}, ""},
                           {"unroll", std::vector<int64_t>{1,  2,  3,  4,  5,  6,  7,  8,  9,  10,
                                                           11, 12, 13, 14, 15, 16, 17, 18, 19, 20},
                            ""}},
                          nullptr);
  SearchInput input = TestInput(space, 3);
  input.score = PreferSmall;
  XgbStrategyOptions options = Greedy();
  options.random_share = 0.5;
  options.late_random_share = 0;
  options.late_after = 100;
  XgbStrategy strategy(std::move(input), options);
  strategy.Propose(4);
  EXPECT_GT(Count(strategy.Propose(100), ProposalOrigin::kRandom), 25u);
  for (uint64_t index = 0; index < 100; ++index) strategy.Observe(index, true, 100);
  EXPECT_EQ(Count(strategy.Propose(100), ProposalOrigin::kRandom), 0u);
}

TEST(XgbStrategyTest, AValueThatAlwaysFailsIsNotProposedAnyMore) {
  const ConfigSpace space = TestSpace();
  SearchInput input = TestInput(space);
  input.score = PreferSmall;
  XgbStrategy strategy(std::move(input), Greedy());
  strategy.Propose(4);
  for (const char* text :
       {"acc=1,vec=2,unroll=1", "acc=1,vec=4,unroll=2", "acc=1,vec=2,unroll=4"}) {
    strategy.Observe(*space.IndexOf(*space.Parse(text)), false, 0);
  }
  for (const char* text :
       {"acc=8,vec=2,unroll=1", "acc=8,vec=4,unroll=2", "acc=8,vec=2,unroll=4"}) {
    strategy.Observe(*space.IndexOf(*space.Parse(text)), true, 100);
  }
  const auto proposals = strategy.Propose(100);
  EXPECT_GT(proposals.size(), 40u);
  for (const Proposal& proposal : proposals) {
    EXPECT_NE(space.At(proposal.config_index).values[0], 1);
  }
}

TEST(XgbStrategyTest, SpacesTooLargeToHoldAreSearchedByEvolution) {
  std::vector<int64_t> values;
  for (int64_t i = 1; i <= 32; ++i) values.push_back(i);
  // 32^5 = 33.5 million indices, one in three valid. The model wants all knobs at 20.
  const ConfigSpace space("large.v1",
                          {{"a", values, ""},
                           {"b", values, ""},
                           {"c", values, ""},
                           {"d", values, ""},
                           {"e", values, ""}},
                          [](const Config& c) {
                            return (c.values[0] + c.values[1] + c.values[2]) % 3 == 0
                                       ? std::string()
                                       : std::string("no");
                          });
  const auto distance = [&space](uint64_t index) {
    double sum = 0;
    for (int64_t value : space.At(index).values) sum += std::abs(static_cast<double>(value - 20));
    return sum;
  };
  SearchInput input = TestInput(space);
  input.facts = [](const Config& config) {
    compiler::ConfigFacts facts;
    facts.accumulators = static_cast<double>(config.values[0]);
    return facts;
  };
  input.score = [&](std::span<const uint64_t> indices) {
    std::vector<Prediction> predictions;
    for (uint64_t index : indices) predictions.push_back({-distance(index), 0});
    return predictions;
  };
  XgbStrategy strategy(std::move(input), Greedy());
  strategy.Propose(4);
  double best = 1e9;
  for (int round = 0; round < 6; ++round) {
    for (const Proposal& proposal : strategy.Propose(8)) {
      EXPECT_TRUE(space.IsValid(space.At(proposal.config_index)));
      best = std::min(best, distance(proposal.config_index));
      strategy.Observe(proposal.config_index, true, 100 + distance(proposal.config_index));
    }
  }
  // A random config is 40 away on average; the nearest of 33 million at 0.
  EXPECT_LE(best, 4);
}

}  // namespace
}  // namespace tunefarm::tuner
