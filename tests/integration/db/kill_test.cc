// A process that writes the log is killed with SIGKILL at any moment: what it called committed is
// there.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "base/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/db/log_fixture.h"

namespace tunefarm::db {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// A forked process that runs `body` with the writing end of a pipe, until it is killed.
class Child {
 public:
  template <typename Body>
  explicit Child(const Body& body) {
    int ends[2];
    TUNEFARM_CHECK(pipe(ends) == 0, "pipe");
    pid_ = fork();
    TUNEFARM_CHECK(pid_ >= 0, "fork");
    if (pid_ == 0) {
      close(ends[0]);
      body(ends[1]);
      _exit(0);
    }
    close(ends[1]);
    reports_ = fdopen(ends[0], "r");
  }
  ~Child() {
    if (pid_ > 0) Kill();
    fclose(reports_);
  }
  pid_t pid() const { return pid_; }

  // The next number the child reported; -1 when it is dead and all was read.
  int64_t NextReport() {
    long long number = -1;
    return std::fscanf(reports_, "%lld", &number) == 1 ? number : -1;
  }
  void Kill() {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }

 private:
  pid_t pid_;
  FILE* reports_;
};

// Appends trials for ever, some with final rounds, and reports each batch's numbers after its
// Flush.
void AppendForEver(const std::string& path, int64_t task_id, uint64_t seed, int pipe_end) {
  base::Rng rng(seed);
  const auto log = OpenLog(path);
  while (true) {
    std::vector<int64_t> ids;
    for (uint64_t i = 1 + rng.Below(8); i > 0; --i) {
      TrialRecord trial = OkTrial(task_id, absl::StrFormat("%x", rng()));
      trial.samples_ns.assign(1 + rng.Below(40), 1 + rng.Uniform());
      const auto id = log->AppendTrial(trial);
      if (!id.ok()) _exit(1);
      if (rng.Below(4) == 0 && !log->AppendSamples(*id, 1, {3, 4, 5}).ok()) _exit(1);
      ids.push_back(*id);
    }
    if (!log->Flush().ok()) _exit(1);
    for (int64_t id : ids) dprintf(pipe_end, "%lld\n", static_cast<long long>(id));
  }
}

TEST(KillTest, LogHoldsEveryReportedTrialWholeAfterSigkillAtAnyMoment) {
  TempFolder folder;
  const std::string path = folder.File("tuner.db");
  const int64_t task_id = AddTask(*OpenLog(path));
  base::Rng rng(TestSeed());
  std::set<int64_t> reported;
  for (int round = 0; round < 15; ++round) {
    Child child([&, seed = rng()](int end) { AppendForEver(path, task_id, seed, end); });
    // The child goes on while we count, so the kill falls anywhere in its work.
    for (uint64_t i = rng.Below(150); i > 0; --i) {
      const int64_t id = child.NextReport();
      ASSERT_GT(id, 0) << "the writer died on its own";
      reported.insert(id);
    }
    child.Kill();
    for (int64_t id = child.NextReport(); id > 0; id = child.NextReport()) reported.insert(id);

    const auto log = OpenLog(path);
    EXPECT_TRUE(log->Check().ok()) << log->Check();
    std::set<int64_t> missing = reported;
    const std::vector<TrialRecord> trials = *log->TrialsOfTask(task_id);
    for (const TrialRecord& trial : trials) missing.erase(trial.id);
    EXPECT_THAT(missing, ElementsAre());
  }
  EXPECT_FALSE(reported.empty());
  EXPECT_EQ(QueryCount(path,
                       "SELECT COUNT(*) FROM trials WHERE num_samples + num_final_samples <> "
                       "(SELECT COUNT(*) FROM samples WHERE trial_id = trials.id)"),
            0)
      << "half a trial";
}

TEST(KillTest, TasksThatRanAreOpenAfterSigkill) {
  TempFolder folder;
  const std::string path = folder.File("tuner.db");
  {
    Child child([&](int end) {
      const auto log = OpenLog(path);
      const int64_t task_id = AddTask(*log);
      if (!log->SetTaskState(task_id, TaskState::kRunning).ok()) _exit(1);
      if (!log->AppendTrial(OkTrial(task_id, "a")).ok() || !log->Flush().ok()) _exit(1);
      dprintf(end, "%lld\n", static_cast<long long>(task_id));
      pause();
    });
    ASSERT_EQ(child.NextReport(), 1);
  }
  const auto log = OpenLog(path);
  const std::vector<TaskRecord> tasks = *log->OpenTasks();
  ASSERT_EQ(tasks.size(), 1u);
  EXPECT_EQ(tasks[0].state, TaskState::kRunning);
  EXPECT_EQ(tasks[0].num_trials, 1u);
  EXPECT_EQ(tasks[0].seed, SampleTask().seed);
  EXPECT_TRUE(absl::IsAlreadyExists(log->AppendTrial(OkTrial(tasks[0].id, "a")).status()))
      << "a trial that is repeated on continuing is not counted twice";
}

TEST(KillTest, SecondWriterIsToldWhichProcessWritesUntilThatOneIsDead) {
  TempFolder folder;
  const std::string path = folder.File("tuner.db");
  Child child([&](int end) {
    const auto log = OpenLog(path);
    AddTask(*log);
    dprintf(end, "1\n");
    pause();
  });
  ASSERT_EQ(child.NextReport(), 1);
  const absl::Status status = TuningLog::Open(path, OpenMode::kReadWriteCreate).status();
  EXPECT_TRUE(absl::IsUnavailable(status));
  EXPECT_THAT(
      std::string(status.message()),
      HasSubstr(absl::StrFormat("%s is being written by process %d on ", path, child.pid())));
  const auto reader = TuningLog::Open(path, OpenMode::kReadOnly);
  ASSERT_TRUE(reader.ok()) << reader.status();
  EXPECT_EQ((*reader)->OpenTasks()->size(), 1u) << "reading beside the writer works";
  child.Kill();
  EXPECT_TRUE(TuningLog::Open(path, OpenMode::kReadWriteCreate).ok());
}

TEST(KillTest, ChildOfTheWriterDoesNotKeepTheLogLocked) {
  TempFolder folder;
  const std::string path = folder.File("tuner.db");
  auto log = OpenLog(path);
  Child child([&](int end) {
    dprintf(end, "1\n");
    pause();
  });
  ASSERT_EQ(child.NextReport(), 1);
  log.reset();
  EXPECT_TRUE(TuningLog::Open(path, OpenMode::kReadWriteCreate).ok());
}

}  // namespace
}  // namespace tunefarm::db
