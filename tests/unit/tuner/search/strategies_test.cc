// What every strategy promises, and random and grid.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "tests/unit/tuner/search/test_space.h"
#include "tuner/search/search_strategy.h"

namespace tunefarm::tuner {
namespace {

using compiler::Config;
using compiler::ConfigSpace;

class EveryStrategyTest : public testing::TestWithParam<std::string> {};

TEST_P(EveryStrategyTest, ProposesEachValidConfigOnceAndThenIsDone) {
  const ConfigSpace space = TestSpace();
  const auto strategy = MakeStrategy(GetParam(), TestInput(space));
  ASSERT_TRUE(strategy.ok()) << strategy.status();
  std::set<uint64_t> seen;
  for (int round = 0; round < 100 && !(*strategy)->Done(); ++round) {
    for (const Proposal& proposal : (*strategy)->Propose(5)) {
      EXPECT_TRUE(space.IsValid(space.At(proposal.config_index)));
      EXPECT_TRUE(seen.insert(proposal.config_index).second) << "proposed twice";
      (*strategy)->Observe(proposal.config_index, true, 100);
    }
  }
  EXPECT_EQ(seen.size(), space.ValidIndices(1000).size());
  EXPECT_TRUE((*strategy)->Done().has_value());
  EXPECT_TRUE((*strategy)->Propose(1).empty());
}

TEST_P(EveryStrategyTest, TheSameSeedAndObservationsGiveTheSameStream) {
  const ConfigSpace space = TestSpace();
  std::vector<uint64_t> streams[2];
  for (auto& stream : streams) {
    const auto strategy = MakeStrategy(GetParam(), TestInput(space, 7));
    ASSERT_TRUE(strategy.ok());
    for (int round = 0; round < 8; ++round) {
      for (const Proposal& proposal : (*strategy)->Propose(6)) {
        stream.push_back(proposal.config_index);
        (*strategy)->Observe(proposal.config_index, proposal.config_index % 5 != 0,
                             static_cast<double>(proposal.config_index));
      }
    }
  }
  EXPECT_EQ(streams[0], streams[1]);
  EXPECT_EQ(streams[0].size(), 48u);
}

TEST_P(EveryStrategyTest, WhatTheLogAlreadyHoldsIsNotProposedAgain) {
  const ConfigSpace space = TestSpace();
  const auto strategy = MakeStrategy(GetParam(), TestInput(space));
  ASSERT_TRUE(strategy.ok());
  std::set<uint64_t> known;
  for (uint64_t index : space.ValidIndices(40)) {
    known.insert(index);
    (*strategy)->Observe(index, true, 100);
  }
  const auto proposals = (*strategy)->Propose(100);
  EXPECT_EQ(proposals.size(), 32u);  // 72 valid configs, 40 of them known.
  for (const Proposal& proposal : proposals) EXPECT_FALSE(known.contains(proposal.config_index));
}

TEST_P(EveryStrategyTest, ASpaceWithoutValidConfigIsAnError) {
  const ConfigSpace space("none.v1", {{"a", {1, 2}, ""}},
                          [](const Config&) { return std::string("never"); });
  const auto strategy = MakeStrategy(GetParam(), TestInput(space));
  EXPECT_EQ(strategy.status().code(), absl::StatusCode::kNotFound);
}

INSTANTIATE_TEST_SUITE_P(All, EveryStrategyTest, testing::Values("xgb", "random", "grid"),
                         [](const auto& info) { return info.param; });

TEST(MakeStrategyTest, UnknownNamesAreRefusedWithTheList) {
  const ConfigSpace space = TestSpace();
  const auto strategy = MakeStrategy("annealing", TestInput(space));
  EXPECT_EQ(strategy.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_NE(strategy.status().message().find("xgb, random, grid"), std::string::npos);
}

TEST(GridStrategyTest, GoesByIndex) {
  const ConfigSpace space = TestSpace();
  const auto strategy = MakeStrategy("grid", TestInput(space));
  ASSERT_TRUE(strategy.ok());
  EXPECT_EQ(Indices((*strategy)->Propose(10)), space.ValidIndices(10));
}

TEST(RandomStrategyTest, OtherSeedsGiveOtherOrders) {
  const ConfigSpace space = TestSpace();
  const auto one = MakeStrategy("random", TestInput(space, 1));
  const auto two = MakeStrategy("random", TestInput(space, 2));
  EXPECT_NE(Indices((*one)->Propose(20)), Indices((*two)->Propose(20)));
}

}  // namespace
}  // namespace tunefarm::tuner
