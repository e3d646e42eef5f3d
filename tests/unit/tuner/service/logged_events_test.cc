#include "tuner/service/logged_events.h"

#include <gtest/gtest.h>

namespace tunefarm::tuner {
namespace {

constexpr uint64_t kSecond = 1000000000;

db::TaskRecord Task() {
  db::TaskRecord task;
  task.id = 4;
  task.workload = "matmul/f32/8x8x8";
  task.target = "triple=x";
  task.strategy = "xgb";
  task.max_trials = 64;
  task.state = db::TaskState::kRunning;
  task.started_at_ns = 10 * kSecond;
  return task;
}

db::TrialRecord Trial(int64_t id, double cost_ns, double final_ns = 0) {
  db::TrialRecord trial;
  trial.id = id;
  trial.config = "tile=" + std::to_string(id);
  trial.created_at_ns = (10 + static_cast<uint64_t>(id)) * kSecond;
  trial.search_cost = {5, cost_ns, 1, cost_ns};
  if (final_ns > 0) trial.final_cost = {20, final_ns, 1, final_ns};
  trial.cost_ns = final_ns > 0 ? final_ns : cost_ns;
  trial.device = "local";
  return trial;
}

db::TrialRecord Failed(int64_t id, db::Outcome outcome) {
  db::TrialRecord trial = Trial(id, 0);
  trial.outcome = outcome;
  trial.search_cost = {};
  trial.error = "why";
  return trial;
}

TEST(LoggedEventsTest, OpenTaskHasNoEnd) {
  const auto events = LoggedEvents(Task(), {Trial(1, 100)});
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0].kind, TuningEvent::Kind::kStarted);
  EXPECT_EQ(events[0].task_id, 4);
  EXPECT_EQ(events[1].kind, TuningEvent::Kind::kTrial);
  EXPECT_EQ(events[1].seconds, 1);
}

TEST(LoggedEventsTest, CountsLikeTheSessionDid) {
  const auto events = LoggedEvents(Task(), {Trial(1, 100), Failed(2, db::Outcome::kCrashed),
                                            Failed(3, db::Outcome::kDeviceLost), Trial(4, 80)});
  ASSERT_EQ(events.size(), 5u);
  EXPECT_EQ(events[2].error, "why");
  EXPECT_EQ(events[2].best_ns, 100);
  EXPECT_EQ(events[3].trial, 2u) << "a lost device is no trial";
  EXPECT_EQ(events[4].trial, 3u);
  EXPECT_EQ(events[4].best_ns, 80);
  EXPECT_EQ(events[4].outcomes,
            (std::map<std::string, uint32_t>{{"crashed", 1}, {"device_lost", 1}, {"ok", 2}}));
}

TEST(LoggedEventsTest, FinalistsStandBeforeLuckyTrials) {
  db::TaskRecord task = Task();
  task.state = db::TaskState::kDone;
  task.ended_how = "converged";
  task.ended_at_ns = 15 * kSecond;
  const auto events = LoggedEvents(task, {Trial(1, 70), Trial(2, 90, 95), Trial(3, 91, 92)});
  const SessionSummary& summary = events.back().summary;
  EXPECT_EQ(events.back().kind, TuningEvent::Kind::kDone);
  EXPECT_EQ(summary.stop_reason, "converged");
  EXPECT_EQ(summary.seconds, 5);
  ASSERT_TRUE(summary.has_best);
  EXPECT_EQ(summary.best.trial_id, 3);
  EXPECT_EQ(summary.best.cost_median, 92);
  EXPECT_EQ(summary.best.samples, 20u);
}

TEST(LoggedEventsTest, FailedTaskSaysWhy) {
  db::TaskRecord task = Task();
  task.state = db::TaskState::kFailed;
  task.ended_how = "the disk is full";
  task.ended_at_ns = 15 * kSecond;
  const auto events = LoggedEvents(task, {});
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[1].kind, TuningEvent::Kind::kFailed);
  EXPECT_EQ(events[1].text, "the disk is full");
}

}  // namespace
}  // namespace tunefarm::tuner
