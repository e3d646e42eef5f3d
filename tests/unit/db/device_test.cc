// What the log knows of devices: the state beside each sample, trials that were measured again,
// reference timings and noise.
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "db/schema.h"
#include "db/sqlite.h"
#include "db/tuning_log.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/db/log_fixture.h"

namespace tunefarm::db {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

class DeviceTest : public ::testing::Test {
 protected:
  void AppendReference(double min_ns, ReferenceVerdict verdict = ReferenceVerdict::kSteady) {
    ReferenceRecord reference;
    reference.device = "board-1";
    reference.target = kTarget;
    reference.task_id = task_id_;
    reference.samples_ns = {min_ns + 4, min_ns, min_ns + 2};
    reference.verdict = verdict;
    reference.after.temperature_millicelsius = 51'000;
    EXPECT_TRUE(log_->AppendReference(reference).ok());
  }

  TempFolder folder_;
  const std::string path_ = folder_.File("tuner.db");
  std::unique_ptr<TuningLog> log_ = OpenLog(path_);
  const int64_t task_id_ = AddTask(*log_);
};

// 90 was taken while the clock was low, then repeated.
TrialRecord DisturbedTrial(int64_t task_id, const std::string& key) {
  TrialRecord trial = OkTrial(task_id, key, {50, 54});
  SampleRecord slow;
  slow.value_ns = 90;
  slow.verdict = SampleVerdict::kFrequencyMoved;
  slow.counted = false;
  slow.before.cpu_frequency_hz = 1'500'000'000;
  slow.after = {.cpu_frequency_hz = 600'000'000,
                .temperature_millicelsius = 82'000,
                .throttled = true,
                .load_average = {}};
  SampleRecord first, last;
  first.value_ns = 50;
  last.value_ns = 54;
  trial.all_samples = {first, slow, last};
  trial.held_ns = 7'000'000;
  return trial;
}

TEST_F(DeviceTest, DisturbedSamplesAreKeptWithTheirStateAndDoNotCount) {
  const int64_t id = *log_->AppendTrial(DisturbedTrial(task_id_, "a"));
  const TrialRecord read = *log_->GetTrial(id);
  EXPECT_THAT(read.samples_ns, ElementsAre(50, 54));
  EXPECT_EQ(read.search_cost.median_ns, 52);
  EXPECT_EQ(read.search_cost.num_samples, 2u);
  EXPECT_EQ(read.num_disturbed, 1u);
  EXPECT_EQ(read.held_ns, 7'000'000u);
  ASSERT_THAT(read.all_samples, SizeIs(3));
  const SampleRecord& slow = read.all_samples[1];
  EXPECT_EQ(slow.value_ns, 90);
  EXPECT_EQ(slow.verdict, SampleVerdict::kFrequencyMoved);
  EXPECT_FALSE(slow.counted);
  EXPECT_EQ(slow.before.cpu_frequency_hz, 1'500'000'000u);
  EXPECT_EQ(slow.before.throttled, std::nullopt);
  EXPECT_EQ(slow.after.temperature_millicelsius, 82'000);
  EXPECT_EQ(slow.after.throttled, true);
}

TEST_F(DeviceTest, DisturbedSamplesOfAFinalDoNotCountEither) {
  const int64_t id = *log_->AppendTrial(OkTrial(task_id_, "a", {100}));
  const std::vector<SampleRecord> all = DisturbedTrial(task_id_, "b").all_samples;
  ASSERT_TRUE(log_->AppendSamples(id, 1, {50, 54}, all).ok());
  const TrialRecord read = *log_->GetTrial(id);
  EXPECT_EQ(read.final_cost.median_ns, 52);
  ASSERT_THAT(read.final_rounds, SizeIs(1));
  EXPECT_THAT(read.final_rounds[0].all_samples, SizeIs(3));
}

TEST_F(DeviceTest, CountedSamplesMustBeTheSamplesGiven) {
  TrialRecord trial = DisturbedTrial(task_id_, "a");
  trial.all_samples[1].counted = true;
  const absl::Status status = log_->AppendTrial(trial).status();
  EXPECT_TRUE(absl::IsInvalidArgument(status));
  EXPECT_THAT(std::string(status.message()), HasSubstr("3 samples of all are counted"));
}

TEST_F(DeviceTest, TrialThatWasMeasuredAgainCountsNoLonger) {
  const int64_t lucky = *log_->AppendTrial(OkTrial(task_id_, "task/a/1", {80}));
  const int64_t other = *log_->AppendTrial(OkTrial(task_id_, "task/b/1", {90}));
  TrialRecord again = OkTrial(task_id_, "task/a/2", {100});
  again.supersedes = lucky;
  const int64_t id = *log_->AppendTrial(again);
  EXPECT_EQ(log_->GetTrial(lucky)->superseded_by, id);
  EXPECT_EQ(log_->GetTrial(id)->superseded_by, 0);
  EXPECT_EQ(log_->Best(kWorkload, kTarget, false)->trial_id, other);
  EXPECT_EQ(log_->GetTask(task_id_)->num_trials, 2u);
  EXPECT_THAT(*log_->NearestTrials(kTemplate, 10), SizeIs(2));
  EXPECT_THAT(*log_->TrialsOfTask(task_id_), SizeIs(3));
  const DeviceActivity activity = *log_->Activity("board-1", 0);
  EXPECT_EQ(activity.num_trials, 2u);
  EXPECT_EQ(activity.num_superseded, 1u);
}

TEST_F(DeviceTest, OnlyATrialOfTheLogCanBeSuperseded) {
  TrialRecord trial = OkTrial(task_id_, "a");
  trial.supersedes = 17;
  EXPECT_TRUE(absl::IsInvalidArgument(log_->AppendTrial(trial).status()));
}

TEST_F(DeviceTest, NoiseIsTheDeviationOfTheReferenceKernelsMinimaOverTheirMedian) {
  AppendReference(100, ReferenceVerdict::kFirst);
  AppendReference(101);
  AppendReference(98);
  AppendReference(110, ReferenceVerdict::kDrifted);
  const DeviceActivity activity = *log_->Activity("board-1", 2);
  ASSERT_THAT(activity.noise, SizeIs(1));
  EXPECT_EQ(activity.noise[0].target, kTarget);
  EXPECT_EQ(activity.noise[0].num_timings, 4u);
  EXPECT_EQ(activity.noise[0].median_ns, 100.5);
  EXPECT_DOUBLE_EQ(activity.noise[0].noise, 1.5 / 100.5);  // Of 0.5, 0.5, 2.5 and 9.5.
  EXPECT_EQ(activity.noise[0].num_drifted, 1u);
  ASSERT_THAT(activity.references, SizeIs(2));
  EXPECT_EQ(activity.references[0].cost.min_ns, 110);
  EXPECT_EQ(activity.references[0].cost.median_ns, 112);
  EXPECT_EQ(activity.references[0].verdict, ReferenceVerdict::kDrifted);
  EXPECT_EQ(activity.references[0].after.temperature_millicelsius, 51'000);
  EXPECT_EQ(activity.references[1].cost.min_ns, 98);
}

TEST_F(DeviceTest, ReferencesOfUnknownThingsAreRefused) {
  ReferenceRecord reference;
  reference.device = "board-1";
  reference.target = "triple=none";
  reference.task_id = task_id_;
  EXPECT_TRUE(absl::IsInvalidArgument(log_->AppendReference(reference)));  // No samples.
  reference.samples_ns = {1};
  EXPECT_TRUE(absl::IsNotFound(log_->AppendReference(reference)));
  reference.target = kTarget;
  reference.task_id = 99;
  EXPECT_TRUE(absl::IsNotFound(log_->AppendReference(reference)));
  EXPECT_TRUE(absl::IsNotFound(log_->Activity("nobody", 1).status()));
}

TEST(DeviceMigrationTest, TrialsOfTheFirstVersionAreKeptAsSteadyOnes) {
  TempFolder folder;
  const std::string path = folder.File("old.db");
  {
    const auto file = *Connection::Open(path, ConnectionMode::kReadWriteCreate);
    ASSERT_TRUE(Migrate(*file, Migrations().first(1)).ok());
    const absl::Status filled = file->Execute(absl::StrFormat(
        "INSERT INTO targets VALUES (1, '%s', 'native');"
        "INSERT INTO workloads VALUES (1, '%s', 1000);"
        "INSERT INTO spaces VALUES (1, 'h', 't', 1, '');"
        "INSERT INTO toolchains VALUES (1, 'c');"
        "INSERT INTO devices (id, name, first_seen_at_ns, described_at_ns) VALUES (1, 'b', 0, 0);"
        "INSERT INTO kernels VALUES (1, 'd', 1, '', 1);"
        "INSERT INTO tasks VALUES (1, 1, 1, 1, 1, 1, 'xgb', 9, 0, 'me', 'running', '', 0, 0, NULL);"
        "INSERT INTO trials (id, trial_key, task_id, workload_id, target_id, config, config_index, "
        "  proposed_by, kernel_id, device_id, emulated, outcome, phase, error, num_samples, "
        "  cost_median_ns, mad_ns, min_ns, runs_per_sample, cut, build_ns, run_wall_ns, "
        "  created_at_ns) "
        "VALUES (1, 'k', 1, 1, 1, 'x=1', 0, 'default', 1, 1, 0, 'ok', '', '', 1, 5, 0, 5, 1, 0, 0, "
        "  0, 0);"
        "INSERT INTO samples VALUES (1, 0, 0, 5);",
        kTarget, kWorkload));
    ASSERT_TRUE(filled.ok()) << filled;
  }
  const auto log = OpenLog(path);
  const TrialRecord trial = *log->GetTrial(1);
  EXPECT_THAT(trial.samples_ns, ElementsAre(5));
  EXPECT_EQ(trial.num_disturbed, 0u);
  EXPECT_EQ(log->Best(kWorkload, kTarget, false)->trial_id, 1);
  EXPECT_EQ(log->Activity("b", 5)->num_trials, 1u);
}

}  // namespace
}  // namespace tunefarm::db
