#include "db/tuning_log.h"

#include <atomic>
#include <thread>

#include "absl/strings/str_format.h"
#include "base/statistics.h"
#include "base/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/db/log_fixture.h"

namespace tunefarm::db {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class TuningLogTest : public ::testing::Test {
 protected:
  // Closes the log and opens it again.
  void Reopen() {
    log_.reset();
    log_ = OpenLog(path_);
  }

  TempFolder folder_;
  const std::string path_ = folder_.File("tuner.db");
  std::unique_ptr<TuningLog> log_ = OpenLog(path_);
};

TEST_F(TuningLogTest, TaskIsReadBackAsCreated) {
  const int64_t task_id = AddTask(*log_);
  Reopen();
  const auto task = log_->GetTask(task_id);
  ASSERT_TRUE(task.ok()) << task.status();
  EXPECT_EQ(task->workload, kWorkload);
  EXPECT_EQ(task->target, kTarget);
  EXPECT_EQ(task->space_hash, kSpaceHash);
  EXPECT_EQ(task->toolchain, kToolchain);
  EXPECT_EQ(task->seed, SampleTask().seed);
  EXPECT_EQ(task->strategy, "xgb");
  EXPECT_EQ(task->max_trials, 64u);
  EXPECT_EQ(task->max_seconds, 2.5);
  EXPECT_EQ(task->owner, "ada@lab");
  EXPECT_EQ(task->state, TaskState::kQueued);
  EXPECT_EQ(log_->GetTask(task_id + 1).status().code(), absl::StatusCode::kNotFound);
}

TEST_F(TuningLogTest, TaskOfSomethingTheLogDoesNotKnowIsRefusedByName) {
  AddTask(*log_);
  TaskRecord task = SampleTask();
  task.workload = "matmul/f32/8x8x8";
  const absl::Status status = log_->CreateTask(task).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(status.message()), HasSubstr("matmul/f32/8x8x8"));
}

TEST_F(TuningLogTest, TaskWithoutBudgetIsRefused) {
  TaskRecord task = SampleTask();
  AddTask(*log_, task);
  task.max_trials = 0;
  EXPECT_EQ(log_->CreateTask(task).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(TuningLogTest, OpenTasksAreThoseThatHaveNotEnded) {
  std::vector<int64_t> ids;
  for (int i = 0; i < 5; ++i) ids.push_back(AddTask(*log_));
  EXPECT_TRUE(log_->SetTaskState(ids[1], TaskState::kRunning).ok());
  EXPECT_TRUE(log_->SetTaskState(ids[2], TaskState::kDone, "budget used").ok());
  EXPECT_TRUE(log_->SetTaskState(ids[3], TaskState::kCancelled, "by ada").ok());
  EXPECT_TRUE(log_->SetTaskState(ids[4], TaskState::kFailed, "no device").ok());
  Reopen();
  std::vector<int64_t> open_ids;
  const std::vector<TaskRecord> open_tasks = *log_->OpenTasks();
  for (const TaskRecord& task : open_tasks) open_ids.push_back(task.id);
  EXPECT_THAT(open_ids, ElementsAre(ids[0], ids[1]));
  EXPECT_EQ(log_->GetTask(ids[4])->ended_how, "no device");
  EXPECT_EQ(log_->LatestTasks(2)->front().id, ids[4]);
}

TEST_F(TuningLogTest, EndedTaskStaysEnded) {
  const int64_t task_id = AddTask(*log_);
  ASSERT_TRUE(log_->SetTaskState(task_id, TaskState::kDone, "budget used").ok());
  const absl::Status status = log_->SetTaskState(task_id, TaskState::kRunning);
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(log_->GetTask(task_id)->state, TaskState::kDone);
  EXPECT_EQ(log_->SetTaskState(99, TaskState::kDone).code(), absl::StatusCode::kNotFound);
}

TEST_F(TuningLogTest, TaskKeepsTheTimeItFirstRanAcrossAContinuation) {
  ManualClock clock;
  OpenOptions options;
  options.clock = &clock;
  const std::string path = folder_.File("timed.db");
  const auto log = OpenLog(path, options);
  const int64_t task_id = AddTask(*log);
  const auto start_ns = static_cast<uint64_t>(absl::ToUnixNanos(clock.Now()));
  ASSERT_TRUE(log->SetTaskState(task_id, TaskState::kRunning).ok());
  clock.Advance(absl::Seconds(3));
  ASSERT_TRUE(log->SetTaskState(task_id, TaskState::kRunning).ok());
  ASSERT_TRUE(log->SetTaskState(task_id, TaskState::kDone, "early stop").ok());
  const TaskRecord task = *log->GetTask(task_id);
  EXPECT_EQ(task.started_at_ns, start_ns);
  EXPECT_EQ(task.ended_at_ns, start_ns + 3000000000u);
}

TEST_F(TuningLogTest, TrialGetsMedianMadMinimumAndGflopsFromItsSamples) {
  const int64_t id = *log_->AppendTrial(OkTrial(AddTask(*log_), "a", {110, 100, 104}));
  const TrialRecord trial = *log_->GetTrial(id);
  EXPECT_EQ(trial.search_cost.num_samples, 3u);
  EXPECT_EQ(trial.search_cost.median_ns, 104);
  EXPECT_EQ(trial.search_cost.mad_ns, 4);
  EXPECT_EQ(trial.search_cost.min_ns, 100);
  EXPECT_EQ(trial.final_cost.num_samples, 0u);
  EXPECT_EQ(trial.cost_ns, 104);
  EXPECT_DOUBLE_EQ(trial.gflops, static_cast<double>(kNumFlops) / 104);
  EXPECT_THAT(trial.samples_ns, ElementsAre(110, 100, 104));
  EXPECT_EQ(trial.kernel->toolchain, kToolchain) << "an unnamed toolchain is the task's";
}

TEST_F(TuningLogTest, SecondTrialOfTheSameKeyChangesNothing) {
  const int64_t task_id = AddTask(*log_);
  const int64_t id = *log_->AppendTrial(OkTrial(task_id, "a", {100}));
  EXPECT_EQ(log_->AppendTrial(OkTrial(task_id, "a", {50})).status().code(),
            absl::StatusCode::kAlreadyExists)
      << "perhaps before the first is committed";
  Reopen();
  EXPECT_EQ(log_->AppendTrial(OkTrial(task_id, "a", {50})).status().code(),
            absl::StatusCode::kAlreadyExists)
      << "when it is";
  EXPECT_EQ(QueryCount(path_, "SELECT COUNT(*) FROM trials"), 1);
  EXPECT_EQ(log_->GetTrial(id)->cost_ns, 100);
}

TEST_F(TuningLogTest, NumbersOfTrialsGoOnAfterReopening) {
  const int64_t task_id = AddTask(*log_);
  EXPECT_EQ(*log_->AppendTrial(OkTrial(task_id, "a")), 1);
  EXPECT_EQ(*log_->AppendTrial(OkTrial(task_id, "b")), 2);
  Reopen();
  EXPECT_EQ(*log_->AppendTrial(OkTrial(task_id, "c")), 3);
}

TEST_F(TuningLogTest, TrialThatTheLogCannotTakeIsRefusedWithTheFieldsName) {
  const int64_t task_id = AddTask(*log_);
  const auto refusal = [&](void (*spoil)(TrialRecord&)) {
    TrialRecord trial = OkTrial(task_id, "a");
    spoil(trial);
    return base::OneLine(log_->AppendTrial(trial).status());
  };
  EXPECT_THAT(refusal([](TrialRecord& t) { t.trial_key = ""; }), HasSubstr("trial_key"));
  EXPECT_THAT(refusal([](TrialRecord& t) { t.samples_ns = {}; }), HasSubstr("no samples"));
  EXPECT_THAT(refusal([](TrialRecord& t) { t.samples_ns = {0}; }), HasSubstr("above 0"));
  EXPECT_THAT(refusal([](TrialRecord& t) { t.samples_ns = {1 / 0.0}; }), HasSubstr("finite"));
  EXPECT_THAT(refusal([](TrialRecord& t) { t.outcome = Outcome::kCrashed; }),
              HasSubstr("3 samples beside outcome crashed"));
  EXPECT_THAT(refusal([](TrialRecord& t) { t.kernel.reset(); }), HasSubstr("kernel"));
  EXPECT_THAT(refusal([](TrialRecord& t) { t.device = ""; }), HasSubstr("device"));
  EXPECT_THAT(refusal([](TrialRecord& t) { t.ns_per_cost_unit = 0; }),
              HasSubstr("ns_per_cost_unit"));
  EXPECT_THAT(refusal([](TrialRecord& t) { t.predicted_score = 0 / 0.0; }),
              HasSubstr("predicted_score"));
  EXPECT_THAT(refusal([](TrialRecord& t) { t.config_index = ~uint64_t{0}; }),
              HasSubstr("config_index 18446744073709551615"));
  EXPECT_THAT(refusal([](TrialRecord& t) { t.before.load_average = 0 / 0.0; }),
              HasSubstr("load_average"));
  EXPECT_THAT(refusal([](TrialRecord& t) { t.task_id = 99; }), HasSubstr("no task 99"));
  EXPECT_TRUE(log_->Flush().ok()) << "nothing of it was queued";
  EXPECT_EQ(QueryCount(path_, "SELECT COUNT(*) FROM trials"), 0);
}

TEST_F(TuningLogTest, FailedTrialHasNoCost) {
  const int64_t id =
      *log_->AppendTrial(FailedTrial(AddTask(*log_), "a", Outcome::kIllegalSchedule));
  const TrialRecord trial = *log_->GetTrial(id);
  EXPECT_EQ(trial.outcome, Outcome::kIllegalSchedule);
  EXPECT_EQ(trial.search_cost.num_samples, 0u);
  EXPECT_FALSE(trial.kernel.has_value());
  const QueryResult row = Query(path_, "SELECT cost_ns, gflops, kernel_id, device_id FROM trials");
  for (const std::string& column : row.columns) EXPECT_EQ(Cell(row, 0, column), "NULL") << column;
}

TEST_F(TuningLogTest, LostDevicesDoNotCountTowardsATasksTrials) {
  const int64_t task_id = AddTask(*log_);
  ASSERT_TRUE(log_->AppendTrial(OkTrial(task_id, "a")).ok());
  ASSERT_TRUE(log_->AppendTrial(FailedTrial(task_id, "b", Outcome::kTimeout)).ok());
  ASSERT_TRUE(log_->AppendTrial(FailedTrial(task_id, "c", Outcome::kDeviceLost)).ok());
  EXPECT_EQ(log_->GetTask(task_id)->num_trials, 2u);
  EXPECT_EQ(log_->TrialsOfTask(task_id)->size(), 3u);
}

TEST_F(TuningLogTest, FinalRoundsReplaceTheMedianThatRanks) {
  const int64_t id = *log_->AppendTrial(OkTrial(AddTask(*log_), "a", {90}));
  ASSERT_TRUE(log_->AppendSamples(id, 1, {100, 102}).ok());
  ASSERT_TRUE(log_->AppendSamples(id, 2, {104, 106, 108}).ok());
  const TrialRecord trial = *log_->GetTrial(id);
  EXPECT_EQ(trial.search_cost.median_ns, 90);
  EXPECT_EQ(trial.final_cost.num_samples, 5u);
  EXPECT_EQ(trial.final_cost.median_ns, 104);
  EXPECT_EQ(trial.final_cost.mad_ns, 2);
  EXPECT_EQ(trial.final_cost.min_ns, 100);
  EXPECT_EQ(trial.cost_ns, 104);
  EXPECT_DOUBLE_EQ(trial.gflops, static_cast<double>(kNumFlops) / 104);
  ASSERT_EQ(trial.final_rounds.size(), 2u);
  EXPECT_EQ(trial.final_rounds[1].round, 2u);
  EXPECT_THAT(trial.final_rounds[1].samples_ns, ElementsAre(104, 106, 108));
}

TEST_F(TuningLogTest, SamplesOfAFinalRoundAreTakenOnceAndOnlyForOkTrials) {
  const int64_t task_id = AddTask(*log_);
  const int64_t id = *log_->AppendTrial(OkTrial(task_id, "a", {90}));
  const int64_t failed_id = *log_->AppendTrial(FailedTrial(task_id, "b", Outcome::kCrashed));
  ASSERT_TRUE(log_->AppendSamples(id, 1, {100}).ok());
  EXPECT_TRUE(absl::IsAlreadyExists(log_->AppendSamples(id, 1, {1})));
  ASSERT_TRUE(log_->Flush().ok());
  EXPECT_TRUE(absl::IsAlreadyExists(log_->AppendSamples(id, 1, {1})));
  EXPECT_TRUE(absl::IsInvalidArgument(log_->AppendSamples(id, 0, {1})));
  EXPECT_TRUE(absl::IsInvalidArgument(log_->AppendSamples(id, 2, {})));
  EXPECT_TRUE(absl::IsFailedPrecondition(log_->AppendSamples(failed_id, 1, {1})));
  EXPECT_TRUE(absl::IsNotFound(log_->AppendSamples(99, 1, {1})));
  EXPECT_EQ(log_->GetTrial(id)->final_cost.median_ns, 100);
}

TEST_F(TuningLogTest, TrialBecomesVisibleToOthersWithoutAFlush) {
  ASSERT_TRUE(log_->AppendTrial(OkTrial(AddTask(*log_), "a")).ok());
  // Ends by the test's time limit where the writer does not commit on its own.
  while (QueryCount(path_, "SELECT COUNT(*) FROM trials") == 0) std::this_thread::yield();
}

TEST_F(TuningLogTest, ReaderSeesWhatAWriterCommitsAndCannotWrite) {
  const auto reader = TuningLog::Open(path_, OpenMode::kReadOnly);
  ASSERT_TRUE(reader.ok()) << reader.status();
  const int64_t task_id = AddTask(*log_);
  const int64_t id = *log_->AppendTrial(OkTrial(task_id, "a"));
  ASSERT_TRUE(log_->Flush().ok());
  EXPECT_TRUE((*reader)->GetTrial(id).ok());
  EXPECT_TRUE(absl::IsFailedPrecondition((*reader)->AppendTrial(OkTrial(task_id, "b")).status()));
  EXPECT_TRUE(absl::IsFailedPrecondition((*reader)->UpsertToolchain("t")));
  EXPECT_TRUE(absl::IsFailedPrecondition((*reader)->Flush()));
}

TEST_F(TuningLogTest, DeviceNobodyDescribedIsAddedByNameAndDescribedLater) {
  ASSERT_TRUE(log_->AppendTrial(OkTrial(AddTask(*log_), "a")).ok());
  ASSERT_TRUE(log_->Flush().ok());
  EXPECT_EQ(Cell(Query(path_, "SELECT * FROM devices"), 0, "name"), "board-1");
  DeviceRecord device;
  device.name = "board-1";
  device.model = "Raspberry Pi 4";
  device.num_cores = 4;
  ASSERT_TRUE(log_->UpsertDevice(device).ok());
  const QueryResult devices = Query(path_, "SELECT * FROM devices");
  ASSERT_EQ(devices.rows.size(), 1u);
  EXPECT_EQ(Cell(devices, 0, "model"), "Raspberry Pi 4");
  EXPECT_EQ(Cell(devices, 0, "num_cores"), "4");
}

TEST_F(TuningLogTest, ThreadsAppendAtOnceAndNothingIsLostOrCountedTwice) {
  const int64_t task_id = AddTask(*log_);
  constexpr int kNumThreads = 4;
  constexpr int kNumTrials = 100;
  std::vector<std::thread> threads;
  std::atomic<int> num_refused = 0;
  for (int t = 0; t < kNumThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kNumTrials; ++i) {
        // Each key is tried by two threads.
        const std::string key = absl::StrFormat("%d/%d", t / 2, i);
        const auto id = log_->AppendTrial(OkTrial(task_id, key));
        if (!id.ok()) num_refused += absl::IsAlreadyExists(id.status());
        if (id.ok() && i % 10 == 0) {
          EXPECT_TRUE(log_->AppendSamples(*id, 1, {5}).ok());
        }
        if (i % 25 == 0) {
          EXPECT_TRUE(log_->Flush().ok());
          EXPECT_TRUE(log_->Best(kWorkload, kTarget, false).ok());
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(num_refused, kNumThreads / 2 * kNumTrials);
  EXPECT_EQ(log_->TrialsOfTask(task_id)->size(), kNumThreads / 2 * kNumTrials);
}

// Compares what AppendTrial keeps as given; the rest has tests of its own.
void ExpectSame(const TrialRecord& read, const TrialRecord& written) {
  EXPECT_EQ(read.trial_key, written.trial_key);
  EXPECT_EQ(read.task_id, written.task_id);
  EXPECT_EQ(read.config, written.config);
  EXPECT_EQ(read.config_index, written.config_index);
  EXPECT_EQ(read.proposed_by, written.proposed_by);
  EXPECT_EQ(read.predicted_score, written.predicted_score);
  ASSERT_EQ(read.kernel.has_value(), written.kernel.has_value());
  if (read.kernel) {
    EXPECT_EQ(read.kernel->digest, written.kernel->digest);
    EXPECT_EQ(read.kernel->text_hash, written.kernel->text_hash);
    EXPECT_EQ(read.kernel->num_bytes, written.kernel->num_bytes);
    const std::string& toolchain = written.kernel->toolchain;
    EXPECT_EQ(read.kernel->toolchain, toolchain.empty() ? kToolchain : toolchain);
  }
  EXPECT_EQ(read.device, written.device);
  EXPECT_EQ(read.emulated, written.emulated);
  EXPECT_EQ(read.outcome, written.outcome);
  EXPECT_EQ(read.phase, written.phase);
  EXPECT_EQ(read.error, written.error);
  EXPECT_EQ(read.samples_ns, written.samples_ns);
  EXPECT_EQ(read.search_cost.median_ns, base::Median(written.samples_ns));
  EXPECT_EQ(read.runs_per_sample, written.runs_per_sample);
  EXPECT_EQ(read.cut, written.cut);
  EXPECT_EQ(read.build_ns, written.build_ns);
  EXPECT_EQ(read.run_wall_ns, written.run_wall_ns);
  for (auto state : {&TrialRecord::before, &TrialRecord::after}) {
    EXPECT_EQ((read.*state).cpu_frequency_hz, (written.*state).cpu_frequency_hz);
    EXPECT_EQ((read.*state).temperature_millicelsius, (written.*state).temperature_millicelsius);
    EXPECT_EQ((read.*state).throttled, (written.*state).throttled);
    EXPECT_EQ((read.*state).load_average, (written.*state).load_average);
  }
}

TEST_F(TuningLogTest, AnyTrialsAreReadBackEqualAfterReopening) {
  base::Rng rng(TestSeed());
  const int64_t task_id = AddTask(*log_);
  std::vector<TrialRecord> written;
  std::vector<int64_t> ids;
  for (int i = 0; i < 300; ++i) {
    written.push_back(RandomTrial(task_id, absl::StrFormat("%d", i), rng));
    const auto id = log_->AppendTrial(written.back());
    ASSERT_TRUE(id.ok()) << id.status();
    ids.push_back(*id);
  }
  ASSERT_TRUE(log_->Flush().ok()) << "the checks before the queue and the schema's agree";
  Reopen();
  for (size_t i = 0; i < ids.size(); ++i) {
    const auto read = log_->GetTrial(ids[i]);
    ASSERT_TRUE(read.ok()) << read.status();
    ExpectSame(*read, written[i]);
  }
  EXPECT_TRUE(log_->Check().ok());
}

}  // namespace
}  // namespace tunefarm::db
