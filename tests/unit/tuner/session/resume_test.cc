// A session that was killed, continued from what the log held at that moment.
#include <gmock/gmock.h>

#include <filesystem>
#include <set>

#include "tests/support/status_matchers.h"
#include "tests/unit/tuner/session/session_fixture.h"

namespace tunefarm::tuner {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;
using ::tunefarm::testing::IsOk;
using ::tunefarm::testing::StatusIs;

class ResumeTest : public SessionTest {
 protected:
  // A copy of the log as a process that is killed now would leave it.
  void SnapshotLog() {
    ASSERT_THAT(log_->Flush(), IsOk());
    std::filesystem::create_directory(folder_.File("killed"));
    for (const std::string suffix : {"", "-wal"}) {
      const std::string name = "tuner.db" + suffix;
      if (!std::filesystem::exists(folder_.File(name))) continue;
      std::filesystem::copy_file(folder_.File(name), folder_.File("killed/" + name));
    }
  }

  // Runs until `is_moment` and takes the snapshot there, then goes over to it.
  void RunAndBeKilled(const std::function<bool(const TuningEvent&)>& is_moment) {
    bool taken = false;
    on_event_ = [&](const TuningEvent& event) {
      if (taken || !is_moment(event)) return;
      taken = true;
      SnapshotLog();
    };
    ASSERT_THAT(Run(), IsOk());
    ASSERT_TRUE(taken);
    GoOnFromSnapshot();
  }

  void GoOnFromSnapshot() {
    log_ = db::OpenLog(folder_.File("killed/tuner.db"));
    spec_.task_id = log_->OpenTasks()->at(0).id;
    on_event_ = [](const TuningEvent&) {};
    events_.clear();
    measurer_.ForgetSubmitted();
  }
};

TEST_F(ResumeTest, LoggedTrialsCountTowardsTheBudgetAndAreNotRepeated) {
  measurer_.measure = [](const auto& request, int) { return OkReport(CostOf(request.config)); };
  RunAndBeKilled([](const TuningEvent& event) {
    return event.kind == TuningEvent::Kind::kTrial && event.trial == 5;
  });
  const auto summary = Run();
  ASSERT_THAT(summary, IsOk());
  EXPECT_EQ(summary->trials, 12);
  EXPECT_EQ(summary->task_id, spec_.task_id);
  EXPECT_THAT(SearchConfigs(), SizeIs(7));
  const auto trials = *log_->TrialsOfTask(spec_.task_id);
  std::set<std::string> configs;
  for (const auto& trial : trials) configs.insert(trial.config);
  EXPECT_THAT(trials, SizeIs(12));
  EXPECT_THAT(configs, SizeIs(12));
}

TEST_F(ResumeTest, BestOfTheFirstRunCanWin) {
  std::string best;
  measurer_.measure = [&](const auto& request, int) {
    if (best.empty()) best = request.config;
    return OkReport(request.config == best ? 500 : 1000 + CostOf(request.config));
  };
  RunAndBeKilled([](const TuningEvent& event) {
    return event.kind == TuningEvent::Kind::kTrial && event.trial == 5;
  });
  const auto summary = Run();
  ASSERT_THAT(summary, IsOk());
  EXPECT_EQ(summary->best.config, best);
}

TEST_F(ResumeTest, LostDevicesOfTheFirstRunDoNotBlockTheSecond) {
  measurer_.measure = [](const auto& request, int attempt) {
    if (attempt == 1) return FailedReport(Outcome::kDeviceLost, "agent gone");
    return OkReport(CostOf(request.config));
  };
  RunAndBeKilled([](const TuningEvent& event) {
    return event.kind == TuningEvent::Kind::kTrial && event.outcomes.at("device_lost") == 4;
  });
  const auto summary = Run();
  ASSERT_THAT(summary, IsOk());
  EXPECT_EQ(summary->trials, 12);
}

TEST_F(ResumeTest, FinalThatWasBrokenOffIsHeldAgain) {
  int finals = 0;
  measurer_.measure = [&](const auto& request, int) {
    // In the middle of the third round.
    if (request.final_round && ++finals == 12) SnapshotLog();
    return OkReport(CostOf(request.config));
  };
  ASSERT_THAT(Run(), IsOk());
  GoOnFromSnapshot();
  const auto summary = Run();
  ASSERT_THAT(summary, IsOk());
  EXPECT_EQ(summary->trials, 12);
  EXPECT_THAT(SearchConfigs(), SizeIs(0));
  EXPECT_TRUE(summary->has_best);
}

TEST_F(ResumeTest, TaskOfAnotherWorkloadIsRefused) {
  RunAndBeKilled([](const TuningEvent& event) { return event.trial == 5; });
  spec_.workload = "matmul/f32/16x16x16";
  EXPECT_THAT(Run(), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(kTask)));
}

TEST_F(ResumeTest, TaskThatHasEndedIsRefused) {
  const auto first = Run();
  ASSERT_THAT(first, IsOk());
  spec_.task_id = first->task_id;
  EXPECT_THAT(Run(), StatusIs(absl::StatusCode::kFailedPrecondition, Not(HasSubstr("\n"))));
}

TEST_F(ResumeTest, BestOfAnEarlierTaskIsAmongTheFirstCandidatesOfTheNext) {
  spec_.strategy = "xgb";
  measurer_.measure = [](const auto& request, int) { return OkReport(CostOf(request.config)); };
  const auto first = Run();
  ASSERT_THAT(first, IsOk());
  measurer_.ForgetSubmitted();
  const auto second = Run();
  ASSERT_THAT(second, IsOk());
  EXPECT_NE(second->task_id, first->task_id);
  const std::vector<std::string> configs = SearchConfigs();
  EXPECT_THAT(std::vector<std::string>(configs.begin(), configs.begin() + 4),
              Contains(first->best.config));
}

}  // namespace
}  // namespace tunefarm::tuner
