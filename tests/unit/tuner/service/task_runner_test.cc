// The daemon's tasks over a real log, with sessions that do as the test tells them.
#include "tuner/service/task_runner.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>

#include "base/mutex.h"
#include "nlohmann/json.hpp"
#include "tests/support/status_matchers.h"

namespace tunefarm::tuner {
namespace {

using ::testing::HasSubstr;
using tunefarm::testing::IsOk;
using tunefarm::testing::StatusIs;

constexpr char kTarget[] = "triple=x86_64-unknown-linux-gnu,cpu=haswell,features=avx2+fma";

class TaskRunnerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string folder = ::testing::TempDir() + "task_runner_XXXXXX";
    ASSERT_NE(mkdtemp(folder.data()), nullptr);
    folder_ = folder;
    OpenLog();
  }
  void TearDown() override {
    log_.reset();
    std::filesystem::remove_all(folder_);
  }

  void OpenLog() {
    log_.reset();
    auto log = db::TuningLog::Open(folder_ / "a.db", db::OpenMode::kReadWriteCreate);
    ASSERT_THAT(log, IsOk());
    log_ = *std::move(log);
  }

  static SessionSpec Spec(const std::string& workload = "matmul/f32/16x16x16") {
    SessionSpec spec;
    spec.workload = workload;
    spec.target = kTarget;
    spec.owner = "me@here";
    return spec;
  }

  db::TaskState StateOf(int64_t task_id) { return log_->GetTask(task_id)->state; }

  std::filesystem::path folder_;
  std::unique_ptr<db::TuningLog> log_;
};

// Told by one thread to another, as ThreadSanitizer understands it.
class Signal {
 public:
  void Raise() {
    base::MutexLock lock(&mutex_);
    raised_ = true;
    changed_.NotifyAll();
  }
  void Await() {
    base::MutexLock lock(&mutex_);
    while (!raised_) changed_.Wait(&mutex_);
  }

 private:
  base::Mutex mutex_;
  base::CondVar changed_;
  bool raised_ ABSL_GUARDED_BY(mutex_) = false;
};

// Ends at once with "trials".
absl::StatusOr<SessionSummary> RunAtOnce(const SessionSpec& spec, const std::atomic<bool>&,
                                         const EventSink& sink) {
  TuningEvent started;
  started.task_id = spec.task_id;
  started.workload = spec.workload;
  sink(started);
  SessionSummary summary;
  summary.task_id = spec.task_id;
  summary.stop_reason = "trials";
  return summary;
}

// Runs until it is stopped; `running` is notified once it runs.
SessionFunction RunUntilStopped(Signal* running) {
  return [running](const SessionSpec& spec, const std::atomic<bool>& stop,
                   const EventSink& sink) -> absl::StatusOr<SessionSummary> {
    TuningEvent started;
    started.task_id = spec.task_id;
    sink(started);
    running->Raise();
    while (!stop) std::this_thread::yield();
    SessionSummary summary;
    summary.task_id = spec.task_id;
    summary.stop_reason = "interrupted";
    return summary;
  };
}

// The "event" of each line until the last one or until the history is closed.
std::vector<std::string> Watch(const EventHistory& history) {
  std::vector<std::string> kinds;
  uint64_t next = 0;
  while (const auto event = history.Next(next, absl::Seconds(30))) {
    kinds.push_back(nlohmann::json::parse(event->json)["event"]);
    next = event->number + 1;
    if (event->last) break;
  }
  return kinds;
}

TEST_F(TaskRunnerTest, SubmittedTaskRunsAndItsEndIsInTheLogBeforeItIsTold) {
  TaskRunner runner(log_.get(), RunAtOnce, 2);
  ASSERT_THAT(runner.Start(), IsOk());
  const auto task_id = runner.Submit(Spec());
  ASSERT_THAT(task_id, IsOk());
  const auto history = runner.Watch(*task_id);
  ASSERT_THAT(history, IsOk());
  EXPECT_EQ(Watch(**history), (std::vector<std::string>{"started", "done"}));
  EXPECT_EQ(StateOf(*task_id), db::TaskState::kDone);
  EXPECT_EQ(log_->GetTask(*task_id)->ended_how, "trials");
}

TEST_F(TaskRunnerTest, EndedTaskIsWatchedFromTheLog) {
  TaskRunner runner(log_.get(), RunAtOnce, 1);
  ASSERT_THAT(runner.Start(), IsOk());
  const auto task_id = runner.Submit(Spec());
  Watch(**runner.Watch(*task_id));
  const auto again = runner.Watch(*task_id);
  ASSERT_THAT(again, IsOk());
  EXPECT_EQ(Watch(**again), (std::vector<std::string>{"started", "done"}));
}

TEST_F(TaskRunnerTest, FailedSessionFailsItsTaskAndSaysWhy) {
  TaskRunner runner(
      log_.get(),
      [](const SessionSpec&, const std::atomic<bool>&,
         const EventSink&) -> absl::StatusOr<SessionSummary> {
        return absl::ResourceExhaustedError("the disk is full");
      },
      1);
  ASSERT_THAT(runner.Start(), IsOk());
  const auto task_id = runner.Submit(Spec());
  EXPECT_EQ(Watch(**runner.Watch(*task_id)).back(), "failed");
  EXPECT_EQ(StateOf(*task_id), db::TaskState::kFailed);
  EXPECT_THAT(log_->GetTask(*task_id)->ended_how, HasSubstr("the disk is full"));
}

TEST_F(TaskRunnerTest, CancelStopsARunningTask) {
  Signal running;
  TaskRunner runner(log_.get(), RunUntilStopped(&running), 1);
  ASSERT_THAT(runner.Start(), IsOk());
  const auto task_id = runner.Submit(Spec());
  const auto history = runner.Watch(*task_id);
  running.Await();
  ASSERT_THAT(runner.Cancel(*task_id), IsOk());
  EXPECT_EQ(Watch(**history), (std::vector<std::string>{"started", "done"}));
  EXPECT_EQ(StateOf(*task_id), db::TaskState::kCancelled);
}

TEST_F(TaskRunnerTest, CancelledTaskThatWaitsNeverRuns) {
  Signal running;
  TaskRunner runner(log_.get(), RunUntilStopped(&running), 2);
  ASSERT_THAT(runner.Start(), IsOk());
  const auto first = runner.Submit(Spec());
  const auto second = runner.Submit(Spec("matmul/f32/32x32x32"));  // The same target: it waits.
  running.Await();
  const auto history = runner.Watch(*second);
  ASSERT_THAT(runner.Cancel(*second), IsOk());
  EXPECT_EQ(Watch(**history), std::vector<std::string>({"done"}));
  EXPECT_EQ(StateOf(*second), db::TaskState::kCancelled);
  EXPECT_EQ(StateOf(*first), db::TaskState::kQueued) << "the log's state is the session's to set";
}

TEST_F(TaskRunnerTest, EndedTaskCannotBeCancelledAndAnUnknownOneIsNotFound) {
  TaskRunner runner(log_.get(), RunAtOnce, 1);
  ASSERT_THAT(runner.Start(), IsOk());
  const auto task_id = runner.Submit(Spec());
  Watch(**runner.Watch(*task_id));
  EXPECT_THAT(runner.Cancel(*task_id),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("has ended")));
  EXPECT_THAT(runner.Cancel(99), StatusIs(absl::StatusCode::kNotFound, HasSubstr("99")));
  EXPECT_THAT(runner.Watch(99), StatusIs(absl::StatusCode::kNotFound, HasSubstr("99")));
}

TEST_F(TaskRunnerTest, DrainLeavesTasksQueuedForTheNextDaemon) {
  int64_t task_id = 0;
  {
    Signal running;
    TaskRunner runner(log_.get(), RunUntilStopped(&running), 1);
    ASSERT_THAT(runner.Start(), IsOk());
    task_id = *runner.Submit(Spec());
    const auto history = runner.Watch(task_id);
    running.Await();
    runner.Drain();
    EXPECT_EQ(Watch(**history), std::vector<std::string>({"started"})) << "no end is told";
    EXPECT_THAT(runner.Submit(Spec()),
                StatusIs(absl::StatusCode::kUnavailable, HasSubstr("shutting down")));
  }
  EXPECT_EQ(StateOf(task_id), db::TaskState::kQueued);
  OpenLog();
  TaskRunner next(log_.get(), RunAtOnce, 1);
  ASSERT_THAT(next.Start(), IsOk());
  Watch(**next.Watch(task_id));
  EXPECT_EQ(StateOf(task_id), db::TaskState::kDone);
}

TEST_F(TaskRunnerTest, RefusesATaskThatMakesNoSense) {
  TaskRunner runner(log_.get(), RunAtOnce, 1);
  ASSERT_THAT(runner.Start(), IsOk());
  EXPECT_THAT(runner.Submit(Spec("matmul/f32/0x1x1")),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("0")));
}

}  // namespace
}  // namespace tunefarm::tuner
