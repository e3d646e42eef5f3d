#include "tuner/search/early_stop.h"

#include <gtest/gtest.h>

namespace tunefarm::tuner {
namespace {

EarlyStopOptions Options() {
  EarlyStopOptions options;
  options.max_trials = 100;
  options.min_trials = 4;
  options.patience_trials = 8;
  return options;
}

TEST(EarlyStopTest, StopsAtTheBudgetOfTrialsFailedOnesIncluded) {
  EarlyStopOptions options = Options();
  options.max_trials = 3;
  EarlyStop stop(options);
  for (int i = 0; i < 2; ++i) stop.Observe(false, 0);
  EXPECT_FALSE(stop.Reason(absl::ZeroDuration()));
  stop.Observe(true, 10);
  EXPECT_EQ(stop.Reason(absl::ZeroDuration())->cause, StopCause::kTrials);
}

TEST(EarlyStopTest, StopsAtTheBudgetOfTime) {
  EarlyStopOptions options = Options();
  options.max_elapsed = absl::Seconds(3);
  EarlyStop stop(options);
  stop.Observe(true, 10);
  EXPECT_FALSE(stop.Reason(absl::Seconds(2.9)));
  EXPECT_EQ(stop.Reason(absl::Seconds(3))->cause, StopCause::kSeconds);
}

TEST(EarlyStopTest, StopsNearTheBoundOnceEnoughTrialsWereMade) {
  EarlyStop stop(Options());
  stop.SetBound(97);
  for (int i = 0; i < 3; ++i) stop.Observe(true, 100);  // 97 / 100 is the share that is asked for.
  EXPECT_FALSE(stop.Reason(absl::ZeroDuration())) << "below min_trials";
  stop.Observe(true, 100);
  EXPECT_EQ(stop.Reason(absl::ZeroDuration())->cause, StopCause::kBound);
}

TEST(EarlyStopTest, StopsAfterEnoughTrialsWithoutAGain) {
  EarlyStop stop(Options());
  stop.Observe(true, 100);
  for (int i = 0; i < 7; ++i) stop.Observe(true, 99.5);  // Half a percent is no gain.
  EXPECT_FALSE(stop.Reason(absl::ZeroDuration()));
  stop.Observe(false, 0);
  EXPECT_EQ(stop.Reason(absl::ZeroDuration())->cause, StopCause::kConverged);
  EXPECT_EQ(stop.best_ns(), 99.5);
}

TEST(EarlyStopTest, SmallGainsAddUpToOne) {
  EarlyStop stop(Options());
  double cost = 100;
  for (int i = 0; i < 30; ++i)
    stop.Observe(true, cost *= 0.996);  // 0.4 % each: a gain in every third trial.
  EXPECT_FALSE(stop.Reason(absl::ZeroDuration()));
}

TEST(EarlyStopTest, NothingButTheBudgetStopsWhileNothingWorked) {
  EarlyStop stop(Options());
  for (int i = 0; i < 50; ++i) stop.Observe(false, 0);
  EXPECT_FALSE(stop.Reason(absl::ZeroDuration()));
}

}  // namespace
}  // namespace tunefarm::tuner
