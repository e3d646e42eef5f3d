// Sessions over real builders, a real tracker and real agents, and what happens when these die.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <optional>
#include <set>
#include <utility>

#include "compiler/target/target.h"
#include "db/query.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/db/log_fixture.h"
#include "tuner/measure/farm.h"
#include "tuner/session/session.h"

namespace tunefarm::tuner {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using ::tunefarm::testing::IsOk;
using ::tunefarm::testing::StatusIs;

// A program of ours as a child, and the first line of its stdout.
struct Program {
  base::ChildProcess process;
  base::UniqueFd out;
  std::string first_line;
};

Program Start(const std::string& name, const std::vector<std::string>& args) {
  std::array<int, 2> ends;
  EXPECT_EQ(pipe2(ends.data(), O_CLOEXEC), 0);
  base::UniqueFd out(ends[0]);
  const base::UniqueFd child_out(ends[1]);
  base::ChildSpec spec;
  spec.program = std::string(TUNEFARM_BIN_DIR) + "/" + name;
  spec.args = args;
  spec.stdout_fd = child_out.get();
  auto process = base::ChildProcess::Spawn(spec);
  EXPECT_THAT(process, IsOk());
  Program program = {*std::move(process), std::move(out), ""};
  for (char c; read(program.out.get(), &c, 1) == 1 && c != '\n';) program.first_line.push_back(c);
  return program;
}

Program StartTracker(const std::string& listen = "127.0.0.1:0") {
  return Start("tuner-tracker", {"--listen", listen});
}

std::string AddressOf(const Program& tracker) {
  return tracker.first_line.substr(std::string("listening on ").size());
}

// Returns once it is connected.
Program StartAgent(const std::string& tracker, const std::string& name) {
  return Start("tuner-agent", {"--tracker", tracker, "--name", name});
}

class SessionFarmTest : public ::testing::Test {
 protected:
  SessionFarmTest() : log_(db::OpenLog(folder_.File("tuner.db"))) {
    spec_.workload = "matmul/f32/48x64x32";
    spec_.target = compiler::Print(*compiler::ParseTarget("native"));
    spec_.strategy = "random";
    spec_.max_trials = 16;
  }

  void OpenFarm(const std::string& tracker) {
    FarmSpec spec;
    spec.tracker.host_port = tracker;
    spec.local.bin_dir = TUNEFARM_BIN_DIR;
    spec.builders.num_workers = 1;
    spec.owner = "test";
    auto farm = Farm::Open(spec);
    ASSERT_THAT(farm, IsOk());
    farm_ = *std::move(farm);
  }

  absl::StatusOr<SessionSummary> Run() {
    return RunSession(spec_, *farm_->NewMeasurer(), *log_, stop_,
                      [this](const TuningEvent& event) { on_event_(event); });
  }

  // Calls `act` when that many trials have ended.
  void AtTrial(uint32_t trial, std::function<void()> act) {
    on_event_ = [trial, act = std::move(act), done = false](const TuningEvent& event) mutable {
      if (done || event.kind != TuningEvent::Kind::kTrial || event.trial < trial) return;
      done = true;
      act();
    };
  }

  // Each config of the task has exactly one trial that is not device_lost.
  void ExpectNothingCountedTwice(const SessionSummary& summary) {
    std::set<std::string> configs;
    uint32_t counted = 0;
    const std::vector<db::TrialRecord> trials = *log_->TrialsOfTask(summary.task_id);
    for (const db::TrialRecord& trial : trials) {
      if (trial.outcome == db::Outcome::kDeviceLost) continue;
      ++counted;
      EXPECT_TRUE(configs.insert(trial.config).second) << trial.config << " counted twice";
    }
    EXPECT_EQ(counted, summary.trials);
  }

  db::TempFolder folder_;
  std::unique_ptr<db::TuningLog> log_;
  std::unique_ptr<Farm> farm_;
  SessionSpec spec_;
  std::atomic<bool> stop_ = false;
  std::function<void(const TuningEvent&)> on_event_ = [](const TuningEvent&) {};
};

TEST_F(SessionFarmTest, TinyMatmulIsTunedEndToEnd) {
  OpenFarm("");
  spec_.strategy = "xgb";
  const auto summary = Run();
  ASSERT_THAT(summary, IsOk());
  EXPECT_EQ(summary->outcomes.at("ok"), summary->trials);
  EXPECT_GT(summary->best.gflops, 0);
  EXPECT_GT(summary->default_cost, 0);
  EXPECT_GT(summary->bound_gflops, 0);
  EXPECT_EQ(summary->best.device, "local");
  const auto best = log_->Best(spec_.workload, spec_.target, false);
  ASSERT_THAT(best, IsOk());
  EXPECT_EQ(best->config, summary->best.config);
  EXPECT_EQ(best->cost.median_ns, summary->best.cost_median);
  ExpectNothingCountedTwice(*summary);
}

TEST_F(SessionFarmTest, QuantisedConvolutionIsTunedEndToEnd) {
  OpenFarm("");
  spec_.workload = "conv2d/s8/nhwc/1x9x9x16/o24k3x3s1x1p1x1d1x1g1/bias+requant+relu";
  spec_.max_trials = 6;
  const auto summary = Run();
  ASSERT_THAT(summary, IsOk());
  EXPECT_EQ(summary->outcomes.at("ok"), 6);
}

TEST_F(SessionFarmTest, WorkOfAKilledAgentIsDoneByAnother) {
  const Program tracker = StartTracker();
  Program first = StartAgent(AddressOf(tracker), "first");
  const Program second = StartAgent(AddressOf(tracker), "second");
  OpenFarm(AddressOf(tracker));
  AtTrial(4, [&] { first.process.Signal(SIGKILL); });
  const auto summary = Run();
  ASSERT_THAT(summary, IsOk());
  EXPECT_EQ(summary->trials, 16);
  EXPECT_EQ(summary->outcomes.at("ok"), 16);
  ExpectNothingCountedTwice(*summary);
}

TEST_F(SessionFarmTest, SessionWaitsForAnAgentAndTellsSo) {
  const Program tracker = StartTracker();
  OpenFarm(AddressOf(tracker));
  spec_.max_trials = 4;
  std::optional<Program> agent;
  std::string told;
  on_event_ = [&](const TuningEvent& event) {
    if (event.kind != TuningEvent::Kind::kWaiting || agent) return;
    told = event.text;
    agent = StartAgent(AddressOf(tracker), "late");
  };
  const auto summary = Run();
  ASSERT_THAT(summary, IsOk());
  EXPECT_THAT(told, HasSubstr("no device"));
  EXPECT_EQ(summary->trials, 4);
}

TEST_F(SessionFarmTest, SessionSurvivesARestartOfTheTracker) {
  Program tracker = StartTracker();
  const std::string address = AddressOf(tracker);
  const Program agent = StartAgent(address, "patient");
  OpenFarm(address);
  AtTrial(5, [&] {
    tracker.process.Signal(SIGKILL);
    tracker.process.Wait();
    tracker = StartTracker(address);
  });
  const auto summary = Run();
  ASSERT_THAT(summary, IsOk());
  EXPECT_EQ(summary->trials, 16);
  ExpectNothingCountedTwice(*summary);
}

// The pid of a child of this process that runs `name`.
pid_t ChildNamed(const std::string& name) {
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    std::ifstream stat(entry.path() / "stat");
    std::string pid, comm, state;
    pid_t parent = 0;
    if (stat >> pid >> comm >> state >> parent && parent == getpid() && comm == "(" + name + ")") {
      return std::stoi(pid);
    }
  }
  ADD_FAILURE() << "no child " << name;
  return -1;
}

TEST_F(SessionFarmTest, DeathOfTheLocalAgentEndsTheSessionInOneLine) {
  OpenFarm("");
  AtTrial(3, [] { kill(ChildNamed("tuner-agent"), SIGKILL); });
  EXPECT_THAT(Run(), StatusIs(absl::StatusCode::kUnavailable,
                              HasSubstr("tuner-agent ended by signal 9 (Killed)")));
  EXPECT_GE(log_->LatestTasks(1)->at(0).num_trials, 3);
}

TEST_F(SessionFarmTest, DeathOfTheLocalTrackerEndsTheSessionInOneLine) {
  OpenFarm("");
  AtTrial(3, [] { kill(ChildNamed("tuner-tracker"), SIGKILL); });
  EXPECT_THAT(Run(), StatusIs(absl::StatusCode::kUnavailable,
                              AnyOf(HasSubstr("tuner-tracker ended by signal 9 (Killed)"),
                                    HasSubstr("is not reachable"))));
}

TEST_F(SessionFarmTest, StopFinishesWhatRunsAndBeginsNothingNew) {
  OpenFarm("");
  AtTrial(3, [this] { stop_ = true; });
  const auto summary = Run();
  ASSERT_THAT(summary, IsOk());
  EXPECT_EQ(summary->stop_reason, "interrupted");
  EXPECT_GE(summary->trials, 3);
  EXPECT_LT(summary->trials, spec_.max_trials);
}

}  // namespace
}  // namespace tunefarm::tuner
