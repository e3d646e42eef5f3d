// Search and model together, on made-up spaces: deterministic, so that what is learned can be
// asserted.
#include "tests/bench/search/replay.h"

#include <gtest/gtest.h>

#include "base/statistics.h"
#include "tests/bench/search/synthetic_space.h"

namespace tunefarm::tuner {
namespace {

std::unique_ptr<ReplaySpace> Synthetic(const SyntheticOptions& options) {
  auto space = ReplaySpace::Make(MakeSyntheticSpace(options));
  EXPECT_TRUE(space.ok()) << space.status();
  return *std::move(space);
}

double MedianTrialsTo99(const ReplaySpace& space, ReplayOptions options) {
  std::vector<double> trials;
  options.stop_share = 0.99;
  for (uint64_t seed = 1; seed <= 5; ++seed) {
    options.seed = seed;
    const auto result = Replay(space, options);
    EXPECT_TRUE(result.ok()) << result.status();
    trials.push_back(static_cast<double>(result->TrialsTo(0.99)));
  }
  return base::Median(trials);
}

TEST(ReplayTest, XgbComesWithin1PercentInAThirdOfTheTrialsThatRandomNeeds) {
  for (int64_t registers : {16, 32}) {
    SyntheticOptions synthetic;
    synthetic.image = 14;
    synthetic.channels = 256;
    synthetic.registers = registers;
    const auto space = Synthetic(synthetic);
    ReplayOptions options;
    options.max_trials = 128;
    const double xgb = MedianTrialsTo99(*space, options);
    options.strategy = "random";
    const double random = MedianTrialsTo99(*space, options);
    EXPECT_LE(xgb, 40) << registers << " registers";
    EXPECT_LE(3 * xgb, random) << registers << " registers";
  }
}

TEST(ReplayTest, ExperienceOfOtherTasksSavesTrials) {
  SyntheticOptions synthetic;
  synthetic.image = 28;
  synthetic.channels = 128;
  const auto space = Synthetic(synthetic);
  synthetic.image = 56;
  synthetic.channels = 64;
  synthetic.seed = 2;
  const auto other = Synthetic(synthetic);
  ReplayOptions options;
  options.max_trials = 64;
  const double alone = MedianTrialsTo99(*space, options);
  options.others = {other->AsOtherTask()};
  EXPECT_LT(MedianTrialsTo99(*space, options), alone);
}

TEST(ReplayTest, TheSameSeedGivesTheSameTrials) {
  SyntheticOptions synthetic;
  synthetic.image = 14;
  const auto space = Synthetic(synthetic);
  ReplayOptions options;
  options.max_trials = 40;
  const auto first = Replay(*space, options), second = Replay(*space, options);
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_EQ(first->best_share, second->best_share);
  EXPECT_EQ(first->origins, second->origins);
}

TEST(ReplayTest, KnobValuesThatFailToBuildDoNotStopTheSearch) {
  SyntheticOptions synthetic;
  synthetic.image = 28;
  synthetic.channels = 128;
  synthetic.failure_share = 1;
  const auto space = Synthetic(synthetic);
  ReplayOptions options;
  options.max_trials = 64;
  const auto result = Replay(*space, options);
  ASSERT_TRUE(result.ok());
  EXPECT_LE(result->TrialsTo(0.98), 48u);
}

TEST(ReplayTest, EveryConfigIsTriedInTheEnd) {
  SyntheticOptions synthetic;
  synthetic.image = 2;
  synthetic.channels = 32;
  const auto space = Synthetic(synthetic);
  ASSERT_LT(space->recorded().rows.size(), 100u);
  for (const char* strategy : {"xgb", "random", "grid"}) {
    ReplayOptions options;
    options.strategy = strategy;
    const auto result = Replay(*space, options);
    ASSERT_TRUE(result.ok());
    EXPECT_EQ(result->best_share.size(), space->recorded().rows.size()) << strategy;
    EXPECT_DOUBLE_EQ(result->best_share.back(), 1) << strategy;
  }
}

}  // namespace
}  // namespace tunefarm::tuner
