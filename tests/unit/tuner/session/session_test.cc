#include "tuner/session/session.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "tests/support/status_matchers.h"
#include "tests/unit/tuner/session/session_fixture.h"
#include "tuner/session/task_log.h"

namespace tunefarm::tuner {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;
using ::tunefarm::testing::IsOk;
using ::tunefarm::testing::StatusIs;

TEST_F(SessionTest, BudgetIsSpentAndEachConfigIsTriedOnce) {
  measurer_.measure = [](const auto& request, int) { return OkReport(CostOf(request.config)); };
  const auto summary = Run();
  ASSERT_THAT(summary, IsOk());
  EXPECT_EQ(summary->trials, 12);
  EXPECT_EQ(summary->stop_reason, "trials");
  EXPECT_THAT(summary->outcomes, ElementsAre(Pair("ok", 12)));
  const std::vector<std::string> configs = SearchConfigs();
  EXPECT_THAT(configs, SizeIs(12));
  EXPECT_THAT(std::set<std::string>(configs.begin(), configs.end()), SizeIs(12));
  const auto trials = *log_->TrialsOfTask(summary->task_id);
  ASSERT_THAT(trials, SizeIs(12));
  for (const db::TrialRecord& trial : trials) {
    EXPECT_EQ(trial.search_cost.median_ns, CostOf(trial.config));
    EXPECT_EQ(trial.search_cost.num_samples, 5);
  }
  const auto task = *log_->GetTask(summary->task_id);
  EXPECT_EQ(task.state, db::TaskState::kDone);
  EXPECT_EQ(task.ended_how, "trials");
}

TEST_F(SessionTest, DefaultConfigIsTheFirstTrialOfEveryStrategy) {
  for (const std::string strategy : {"random", "grid", "xgb"}) {
    spec_.strategy = strategy;
    spec_.max_trials = 4;
    const auto summary = Run();
    ASSERT_THAT(summary, IsOk());
    const auto trials = *log_->TrialsOfTask(summary->task_id);
    EXPECT_EQ(trials.at(0).proposed_by, db::Proposal::kDefault) << strategy;
    EXPECT_EQ(summary->trials, 4);
    EXPECT_GT(summary->default_cost, 0);
  }
}

TEST_F(SessionTest, NoMoreIsOutstandingThanTheMeasurerWants) {
  measurer_.wanted = 3;
  ASSERT_THAT(Run(), IsOk());
  EXPECT_EQ(measurer_.most_in_flight(), 3);
}

TEST_F(SessionTest, EveryOutcomeIsLoggedOnceWithItsWords) {
  const std::vector<Outcome> outcomes = {
      Outcome::kOk,      Outcome::kIllegalSchedule, Outcome::kBuildFailed, Outcome::kWrongResult,
      Outcome::kTimeout, Outcome::kCrashed,         Outcome::kOutOfMemory};
  spec_.max_trials = static_cast<uint32_t>(outcomes.size());
  measurer_.measure = [&](const auto& request, int) {
    if (request.final_round) return OkReport(1000);
    const Outcome outcome = outcomes.at(request.ticket - 1);
    return outcome == Outcome::kOk ? OkReport(1000) : FailedReport(outcome, "why it failed");
  };
  const auto summary = Run();
  ASSERT_THAT(summary, IsOk());
  EXPECT_THAT(
      summary->outcomes,
      UnorderedElementsAre(Pair("ok", 1), Pair("illegal_schedule", 1), Pair("build_failed", 1),
                           Pair("wrong_result", 1), Pair("timeout", 1), Pair("crashed", 1),
                           Pair("out_of_memory", 1)));
  const auto trials = *log_->TrialsOfTask(summary->task_id);
  ASSERT_THAT(trials, SizeIs(outcomes.size()));
  for (size_t i = 1; i < trials.size(); ++i) {
    EXPECT_EQ(trials[i].outcome, ToRecord(outcomes[i]));
    EXPECT_EQ(trials[i].error, "why it failed");
    EXPECT_EQ(trials[i].phase, "verify");
  }
}

TEST_F(SessionTest, TaskWithoutAnyOkTrialHasNoBest) {
  measurer_.measure = [](const auto&, int) { return FailedReport(Outcome::kCrashed, "signal 11"); };
  const auto summary = Run();
  ASSERT_THAT(summary, IsOk());
  EXPECT_FALSE(summary->has_best);
  EXPECT_EQ(summary->trials, 12);
  EXPECT_THAT(EventsOf(TuningEvent::Kind::kFinal), IsEmpty());
}

TEST_F(SessionTest, LostDeviceIsTriedAgainAndCountsForNothing) {
  measurer_.measure = [](const auto& request, int attempt) {
    if (attempt == 1) return FailedReport(Outcome::kDeviceLost, "agent gone");
    return OkReport(CostOf(request.config));
  };
  const auto summary = Run();
  ASSERT_THAT(summary, IsOk());
  EXPECT_EQ(summary->trials, 12);
  EXPECT_THAT(summary->outcomes, UnorderedElementsAre(Pair("ok", 12), Pair("device_lost", 12)));
  EXPECT_EQ(log_->GetTask(summary->task_id)->num_trials, 12);
}

TEST_F(SessionTest, CandidateThatKeepsLosingItsDeviceIsGivenUp) {
  std::string unlucky;
  measurer_.measure = [&](const auto& request, int) {
    if (request.ticket == 2) unlucky = request.config;
    if (request.config == unlucky) return FailedReport(Outcome::kDeviceLost, "agent gone");
    return OkReport(CostOf(request.config));
  };
  const auto summary = Run();
  ASSERT_THAT(summary, IsOk());
  EXPECT_THAT(summary->outcomes, UnorderedElementsAre(Pair("ok", 12), Pair("device_lost", 3)));
}

TEST_F(SessionTest, FarmThatOnlyLosesDevicesEndsTheSession) {
  measurer_.measure = [](const auto&, int) {
    return FailedReport(Outcome::kDeviceLost, "agent gone");
  };
  EXPECT_THAT(Run(),
              StatusIs(absl::StatusCode::kUnavailable,
                       AllOf(HasSubstr("in a row lost their device"), HasSubstr("agent gone"))));
  EXPECT_EQ(events_.back().kind, TuningEvent::Kind::kFailed);
  EXPECT_EQ(log_->LatestTasks(1)->at(0).state, db::TaskState::kFailed);
}

TEST_F(SessionTest, TrackerThatIsGoneEndsTheSessionWithWhatIsLogged) {
  int reports = 0;
  measurer_.before_report = [&] {
    if (++reports <= 6) return;
    measurer_.Cancel();
    measurer_.failure = absl::UnavailableError("tracker 127.0.0.1:7700 is not reachable");
  };
  EXPECT_THAT(Run(), StatusIs(absl::StatusCode::kUnavailable, HasSubstr("127.0.0.1:7700")));
  const db::TaskRecord task = log_->LatestTasks(1)->at(0);
  EXPECT_EQ(task.num_trials, 6);
  EXPECT_EQ(task.state, db::TaskState::kFailed);
  EXPECT_THAT(task.ended_how, HasSubstr("127.0.0.1:7700"));
}

TEST_F(SessionTest, StopFinishesWhatRunsKeepsItAndCrownsTheBest) {
  measurer_.measure = [](const auto& request, int) { return OkReport(CostOf(request.config)); };
  on_event_ = [this](const TuningEvent& event) {
    if (event.kind == TuningEvent::Kind::kTrial && event.trial == 5) stop_ = true;
  };
  const auto summary = Run();
  ASSERT_THAT(summary, IsOk());
  EXPECT_EQ(summary->stop_reason, "interrupted");
  EXPECT_EQ(summary->trials, 8) << "three were running when the fifth ended";
  EXPECT_EQ(log_->TrialsOfTask(summary->task_id)->size(), summary->trials);
  EXPECT_TRUE(summary->has_best);
  EXPECT_EQ(measurer_.in_flight(), 0);
  EXPECT_EQ(log_->GetTask(summary->task_id)->state, db::TaskState::kCancelled);
  EXPECT_THAT(EventsOf(TuningEvent::Kind::kFinal), IsEmpty());
}

TEST_F(SessionTest, StopDoesNotWaitLongForWhatRuns) {
  measurer_.before_report = [this] { clock_.Advance(absl::Seconds(3)); };
  on_event_ = [this](const TuningEvent& event) {
    if (event.kind == TuningEvent::Kind::kTrial && event.trial == 5) stop_ = true;
  };
  const auto summary = Run();
  ASSERT_THAT(summary, IsOk());
  EXPECT_EQ(summary->trials, 6);
  EXPECT_EQ(measurer_.in_flight(), 0);
}

TEST_F(SessionTest, StopDoesNotWaitWhereNothingMoves) {
  on_event_ = [this](const TuningEvent& event) {
    if (event.kind != TuningEvent::Kind::kTrial || event.trial < 5) return;
    measurer_.waiting = "no device is connected";
    stop_ = true;
  };
  const auto summary = Run();
  ASSERT_THAT(summary, IsOk());
  EXPECT_EQ(summary->trials, 5);
}

TEST_F(SessionTest, StoppedTaskStaysOpenWhereItIsToBeContinued) {
  spec_.leave_open_when_stopped = true;
  on_event_ = [this](const TuningEvent& event) {
    if (event.kind == TuningEvent::Kind::kTrial && event.trial == 5) stop_ = true;
  };
  const auto summary = Run();
  ASSERT_THAT(summary, IsOk());
  EXPECT_EQ(summary->stop_reason, "interrupted");
  EXPECT_EQ(log_->GetTask(summary->task_id)->state, db::TaskState::kRunning);
}

TEST_F(SessionTest, StopInTheFinalStillCrownsTheBest) {
  on_event_ = [this](const TuningEvent& event) {
    if (event.kind == TuningEvent::Kind::kFinal) stop_ = true;
  };
  const auto summary = Run();
  ASSERT_THAT(summary, IsOk());
  EXPECT_TRUE(summary->has_best);
  EXPECT_EQ(measurer_.in_flight(), 0);
}

TEST_F(SessionTest, SecondsAreALimit) {
  spec_.max_seconds = 10;
  measurer_.before_report = [this] { clock_.Advance(absl::Seconds(3)); };
  const auto summary = Run();
  ASSERT_THAT(summary, IsOk());
  EXPECT_EQ(summary->stop_reason, "seconds");
  EXPECT_EQ(summary->trials, 4);
}

TEST_F(SessionTest, TaskThatNoLongerImprovesIsConverged) {
  spec_.max_trials = 1000;
  measurer_.peak_flops = absl::InternalError("not measured");
  const auto summary = Run();
  ASSERT_THAT(summary, IsOk());
  EXPECT_EQ(summary->stop_reason, "converged");
  EXPECT_LT(summary->trials, 60);
}

TEST_F(SessionTest, BestAtThePeakOfTheDeviceIsTheEnd) {
  spec_.max_trials = 1000;
  // 48 x 64 x 32 multiply-adds in 1000 ns.
  measurer_.peak_flops = 2.0 * 48 * 64 * 32 / 1000e-9;
  const auto summary = Run();
  ASSERT_THAT(summary, IsOk());
  EXPECT_EQ(summary->stop_reason, "bound");
  EXPECT_EQ(summary->trials, 16);
  EXPECT_NEAR(summary->bound_gflops, summary->best.gflops, 1e-6);
}

TEST_F(SessionTest, PeakBelowTheBestIsDoubtedAndMeasuredAgain) {
  measurer_.peak_flops = 1e9;
  const auto summary = Run();
  ASSERT_THAT(summary, IsOk());
  EXPECT_NE(summary->stop_reason, "bound");
  const auto& submitted = measurer_.submitted();
  const auto rounds = std::count_if(submitted.begin(), submitted.end(), [](const auto& entry) {
    return entry.request.final_round && entry.request.ticket == 0;
  });
  EXPECT_GT(measurer_.num_peaks(), 1 + rounds);  // Beyond the first and those of the final.
}

TEST_F(SessionTest, FloatingPointPeakBoundsNoIntegerKernel) {
  spec_.workload = "conv2d/s8/nhwc/1x9x9x16/o24k3x3p1x1/bias+requant+relu";
  spec_.max_trials = 1000;
  measurer_.peak_flops = 2.0 * 9 * 9 * 16 * 24 * 9 / 1000e-9;
  const auto summary = Run();
  ASSERT_THAT(summary, IsOk());
  EXPECT_NE(summary->stop_reason, "bound");
  EXPECT_EQ(summary->bound_gflops, 0);
}

TEST_F(SessionTest, SmallSpaceIsExhausted) {
  spec_.workload = "relu/f32/nhwc/1x2x2x8";
  spec_.strategy = "grid";
  spec_.max_trials = 100000;
  // Each faster than the one before: never converged.
  double cost = 1e9;
  measurer_.measure = [&](const auto&, int) { return OkReport(cost *= 0.9); };
  const auto summary = Run();
  ASSERT_THAT(summary, IsOk());
  EXPECT_EQ(summary->stop_reason, "exhausted");
  EXPECT_EQ(summary->trials, EventsOf(TuningEvent::Kind::kStarted).at(0).space_size);
}

TEST_F(SessionTest, SlowCandidatesAreCutMoreSharplyOnceABestIsKnown) {
  measurer_.wanted = 1;
  ASSERT_THAT(Run(), IsOk());
  const auto& submitted = measurer_.submitted();
  EXPECT_EQ(submitted[0].options.cut_above_ns, 0);
  EXPECT_EQ(submitted[1].options.cut_above_ns, 3000);
  EXPECT_EQ(submitted[7].options.cut_above_ns, 3000);
  EXPECT_EQ(submitted[8].options.cut_above_ns, 1500);
}

TEST_F(SessionTest, WhyNothingMovesIsToldOnce) {
  measurer_.waiting = "no connected device has avx512f";
  measurer_.num_silent_calls = 3;
  ASSERT_THAT(Run(), IsOk());
  const auto waiting = EventsOf(TuningEvent::Kind::kWaiting);
  ASSERT_THAT(waiting, SizeIs(1));
  EXPECT_EQ(waiting[0].text, "no connected device has avx512f");
}

TEST_F(SessionTest, WrongWordsAreRefusedBeforeATaskExists) {
  spec_.strategy = "annealing";
  EXPECT_THAT(Run(), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("annealing")));
  spec_.strategy = "random";
  spec_.workload = "conv7d/f32";
  EXPECT_THAT(Run(), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("conv7d")));
  spec_.workload = kTask;
  spec_.target = "pdp11";
  EXPECT_THAT(Run(), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("pdp11")));
  EXPECT_THAT(*log_->LatestTasks(10), IsEmpty());
}

TEST_F(SessionTest, LogThatCannotBeWrittenEndsTheSession) {
  const std::string path = folder_.File("tuner.db");
  log_.reset();
  db::OpenOptions options;
  options.max_file_bytes = std::filesystem::file_size(path) + (64 << 10);
  options.max_waiting_trials = 2;
  options.batch_delay = absl::ZeroDuration();
  log_ = db::OpenLog(path, options);
  const std::string long_error(20000, 'e');
  measurer_.measure = [&](const auto&, int) { return FailedReport(Outcome::kCrashed, long_error); };
  EXPECT_THAT(Run(), StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr(path)));
  EXPECT_EQ(events_.back().kind, TuningEvent::Kind::kFailed);
}

TEST_F(SessionTest, BestThatIsToldNeverGetsWorse) {
  measurer_.measure = [](const auto& request, int) {
    MeasureReport report = OkReport(CostOf(request.config));
    // Every other one has a sample that ranks it first, and a median that does not.
    if (request.ticket % 2 == 0) report.samples_ns[0] = 1000 - static_cast<double>(request.ticket);
    return report;
  };
  ASSERT_THAT(Run(), IsOk());
  const std::vector<TuningEvent> trials = EventsOf(TuningEvent::Kind::kTrial);
  ASSERT_GT(trials.size(), 5u);
  for (size_t i = 1; i < trials.size(); ++i) {
    EXPECT_LE(trials[i].best_ns, trials[i - 1].best_ns) << "trial " << i + 1;
  }
}

TEST_F(SessionTest, EventsTellTheTaskEachTrialAndTheEnd) {
  ASSERT_THAT(Run(), IsOk());
  EXPECT_EQ(events_.front().kind, TuningEvent::Kind::kStarted);
  EXPECT_EQ(events_.front().workload, kTask);
  EXPECT_GT(events_.front().space_size, 0);
  const auto trials = EventsOf(TuningEvent::Kind::kTrial);
  ASSERT_THAT(trials, SizeIs(12));
  for (size_t i = 0; i < trials.size(); ++i) {
    EXPECT_EQ(trials[i].trial, i + 1);
    EXPECT_EQ(trials[i].outcome, "ok");
    EXPECT_GT(trials[i].trial_id, 0);
  }
  EXPECT_EQ(events_.back().kind, TuningEvent::Kind::kDone);
  EXPECT_EQ(events_.back().summary.trials, 12);
}

TEST_F(SessionTest, DeviceIsDescribedInTheLog) {
  ASSERT_THAT(Run(), IsOk());
  EXPECT_EQ(db::QueryCount(log_->path(),
                           "SELECT COUNT(*) FROM devices WHERE name = 'fake' AND model = 'a fake'"),
            1);
}

}  // namespace
}  // namespace tunefarm::tuner
