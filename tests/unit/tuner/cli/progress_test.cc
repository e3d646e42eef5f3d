#include "tuner/cli/progress.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_join.h"

namespace tunefarm::tuner {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

TuningEvent Started() {
  TuningEvent event;
  event.task_id = 3;
  event.workload = "matmul/f32/64x64x64";
  event.strategy = "xgb";
  event.space = "gemm.v1";
  event.space_size = 1234;
  event.max_trials = 40;
  return event;
}

TuningEvent Trial() {
  TuningEvent event = Started();
  event.kind = TuningEvent::Kind::kTrial;
  event.trial = 10;
  event.config = "tile=4";
  event.outcome = "ok";
  event.how = "model";
  event.cost_ns = 5000;
  event.gflops = 100;
  event.best_ns = 4000;
  event.best_gflops = 125;
  event.bound_gflops = 250;
  event.seconds = 2;
  event.trials_per_second = 5;
  event.outcomes = {{"crashed", 1}, {"ok", 8}, {"timeout", 1}};
  return event;
}

std::string Block(const Progress& progress, int width = 200) {
  return absl::StrJoin(RenderBlock(progress, width), "\n");
}

TEST(ProgressBlockTest, IsEmptyUntilTheSessionHasStarted) {
  EXPECT_THAT(RenderBlock({}, 80), IsEmpty());
}

TEST(ProgressBlockTest, TellsHowFarHowGoodHowFastAndWhatFailed) {
  Progress progress;
  progress.Update(Started());
  progress.Update(Trial());
  const std::string block = Block(progress);
  EXPECT_THAT(block, HasSubstr("[#######.......................] 10/40 trials  5.0/s"));
  EXPECT_THAT(block, HasSubstr("at most 6 s left"));
  EXPECT_THAT(block, HasSubstr("125.00 GFLOP/s"));
  EXPECT_THAT(block, HasSubstr("50.0 % of the FMA peak (250.0)"));
  EXPECT_THAT(block, HasSubstr("failed  crashed 1, timeout 1"));
  EXPECT_THAT(block, HasSubstr("(model)  tile=4"));
}

TEST(ProgressBlockTest, TimeLeftIsBoundedByTheSecondsOfTheTask) {
  Progress progress;
  progress.max_seconds = 5;
  progress.Update(Started());
  progress.Update(Trial());
  EXPECT_THAT(Block(progress), HasSubstr("at most 3 s left"));
}

TEST(ProgressBlockTest, NoLineIsWiderThanTheTerminal) {
  Progress progress;
  progress.Update(Started());
  TuningEvent failed = Trial();
  failed.outcome = "build_failed";
  failed.error = std::string(300, 'e');
  progress.Update(failed);
  for (int width : {1, 3, 20, 79}) {
    for (const std::string& line : RenderBlock(progress, width)) {
      EXPECT_LE(line.size(), static_cast<size_t>(width)) << line;
    }
  }
}

TEST(ProgressBlockTest, SaysWhyNothingMovesUntilItMovesAgain) {
  Progress progress;
  progress.Update(Started());
  TuningEvent waiting;
  waiting.kind = TuningEvent::Kind::kWaiting;
  waiting.text = "no device has avx512f";
  progress.Update(waiting);
  EXPECT_THAT(Block(progress), HasSubstr("waiting no device has avx512f"));
  progress.Update(Trial());
  EXPECT_THAT(Block(progress), Not(HasSubstr("waiting")));
}

TEST(ProgressBlockTest, OperatorsWithoutMultiplicationsShowTimesOnly) {
  Progress progress;
  progress.Update(Started());
  TuningEvent pool = Trial();
  pool.gflops = pool.best_gflops = 0;
  progress.Update(pool);
  EXPECT_THAT(Block(progress), HasSubstr("best    4 us"));
  EXPECT_THAT(Block(progress), Not(HasSubstr("GFLOP")));
}

TEST(ProgressLineTest, EndsAreLeftToTheSummary) {
  TuningEvent done = Trial();
  done.kind = TuningEvent::Kind::kDone;
  EXPECT_EQ(RenderLine(done), "");
  EXPECT_THAT(RenderLine(Trial()), HasSubstr("trial 10/40  100.00 GFLOP/s"));
}

TEST(SummaryTest, TellsTheBestItsShareOfThePeakAndTheSpeedUp) {
  SessionSummary summary;
  summary.trials = 40;
  summary.seconds = 4;
  summary.outcomes = {{"crashed", 1}, {"ok", 39}};
  summary.stop_reason = "trials";
  summary.has_best = true;
  summary.best.config = "tile=4";
  summary.best.cost_median = 4000;
  summary.best.gflops = 125;
  summary.best.samples = 30;
  summary.best.trial_id = 17;
  summary.best.device = "local";
  summary.default_cost = 6000;
  summary.bound_gflops = 250;
  const std::string text = RenderSummary(summary, "split(a, b, 4)\nvectorize(a, b)\n");
  EXPECT_THAT(text, HasSubstr("40 trials in 4.0 s (10.0/s): ok 39, crashed 1; stopped: trials"));
  EXPECT_THAT(text, HasSubstr("50.0 % of the FMA peak"));
  EXPECT_THAT(text, HasSubstr("1.50 x over the untuned default (6 us)"));
  EXPECT_THAT(text, HasSubstr("trial 17 on local"));
  EXPECT_THAT(text, HasSubstr("  split(a, b, 4)\n  vectorize(a, b)\n"));
}

TEST(SummaryTest, NothingIsPraisedWhereNothingWasFound) {
  SessionSummary summary;
  summary.trials = 2;
  summary.outcomes = {{"timeout", 2}};
  EXPECT_THAT(RenderSummary(summary, ""), Not(HasSubstr("best")));
}

}  // namespace
}  // namespace tunefarm::tuner
