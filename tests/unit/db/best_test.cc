// What the log answers about many trials: the best one, transfer, and the views for people.
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "db/tuning_log.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/db/log_fixture.h"

namespace tunefarm::db {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class BestTest : public ::testing::Test {
 protected:
  int64_t Append(const TrialRecord& trial) { return *log_->AppendTrial(trial); }
  int64_t Append(const std::string& key, double median_ns) {
    return Append(OkTrial(task_id_, key, {median_ns}));
  }

  std::vector<std::string> Keys(const absl::StatusOr<std::vector<TrialRecord>>& trials) {
    std::vector<std::string> keys;
    for (const TrialRecord& trial : *trials) keys.push_back(trial.trial_key);
    return keys;
  }

  TempFolder folder_;
  const std::string path_ = folder_.File("tuner.db");
  std::unique_ptr<TuningLog> log_ = OpenLog(path_);
  const int64_t task_id_ = AddTask(*log_);
};

TEST_F(BestTest, NothingMeasuredIsNotFound) {
  Append(FailedTrial(task_id_, "a", Outcome::kWrongResult));
  EXPECT_TRUE(absl::IsNotFound(log_->Best(kWorkload, kTarget, true).status()));
}

TEST_F(BestTest, LeastMedianWinsWithEverythingNeededToRebuildIt) {
  Append("slow", 300);
  TrialRecord fast = OkTrial(task_id_, "fast", {100, 102, 101});
  fast.config = "tile_oc=32";
  fast.config_index = 5;
  const int64_t id = Append(fast);
  Append(FailedTrial(task_id_, "failed", Outcome::kCrashed));
  const BestRecord best = *log_->Best(kWorkload, kTarget, false);
  EXPECT_EQ(best.trial_id, id);
  EXPECT_EQ(best.workload, kWorkload);
  EXPECT_EQ(best.target, kTarget);
  EXPECT_EQ(best.config, "tile_oc=32");
  EXPECT_EQ(best.config_index, 5u);
  EXPECT_EQ(best.space_hash, kSpaceHash);
  EXPECT_EQ(best.cost.median_ns, 101);
  EXPECT_EQ(best.cost.num_samples, 3u);
  EXPECT_EQ(best.cost.min_ns, 100);
  EXPECT_DOUBLE_EQ(best.gflops, static_cast<double>(kNumFlops) / 101);
  EXPECT_EQ(best.device, "board-1");
  EXPECT_EQ(best.kernel.text_hash, "7e87");
  EXPECT_EQ(best.kernel.toolchain, kToolchain);
  EXPECT_FALSE(best.from_final);
  EXPECT_TRUE(absl::IsNotFound(log_->Best(kWorkload, "cpu=other", false).status()));
}

TEST_F(BestTest, OfEqualMediansTheOlderTrialWins) {
  const int64_t id = Append("first", 100);
  Append("second", 100);
  EXPECT_EQ(log_->Best(kWorkload, kTarget, false)->trial_id, id);
}

TEST_F(BestTest, FinalsMedianWinsOverTheSearchs) {
  const int64_t lucky = Append("lucky in the search", 90);
  const int64_t steady = Append("steady", 95);
  ASSERT_TRUE(log_->AppendSamples(lucky, 1, {110, 111}).ok());
  ASSERT_TRUE(log_->AppendSamples(steady, 1, {96, 97}).ok());
  const BestRecord best = *log_->Best(kWorkload, kTarget, false);
  EXPECT_EQ(best.trial_id, steady);
  EXPECT_TRUE(best.from_final);
  EXPECT_EQ(best.cost.median_ns, 96.5);
  EXPECT_EQ(best.cost.num_samples, 2u);
}

TEST_F(BestTest, TrialOutsideItsTasksFinalCannotWinByALuckyMedian) {
  const int64_t finalist = Append("finalist", 95);
  Append("not in the final", 96);
  ASSERT_TRUE(log_->AppendSamples(finalist, 1, {99}).ok());
  EXPECT_EQ(log_->Best(kWorkload, kTarget, false)->trial_id, finalist);
}

TEST_F(BestTest, TrialOfALaterTaskWithoutFinalCanWin) {
  const int64_t finalist = Append("finalist", 95);
  ASSERT_TRUE(log_->AppendSamples(finalist, 1, {99}).ok());
  const int64_t later = Append(OkTrial(AddTask(*log_), "later", {80}));
  EXPECT_EQ(log_->Best(kWorkload, kTarget, false)->trial_id, later);
}

// The rule in plain words, over everything that was appended.
const TrialRecord* PlainBest(const std::vector<TrialRecord>& trials, bool emulated) {
  const TrialRecord* best = nullptr;
  for (const TrialRecord& trial : trials) {
    if (trial.outcome != Outcome::kOk || trial.emulated != emulated) continue;
    bool task_had_final = false;
    for (const TrialRecord& other : trials) {
      task_had_final |= other.task_id == trial.task_id && other.emulated == emulated &&
                        other.final_cost.num_samples > 0;
    }
    if (task_had_final && trial.final_cost.num_samples == 0) continue;
    if (best == nullptr || trial.cost_ns < best->cost_ns) best = &trial;
  }
  return best;
}

TEST_F(BestTest, BestOfAnyTrialsIsWhatAPlainLoopFinds) {
  base::Rng rng(TestSeed());
  for (int round = 0; round < 40; ++round) {
    TaskRecord task = SampleTask();
    task.workload = absl::StrFormat("workload %d", round);
    std::vector<int64_t> task_ids;
    for (uint64_t i = 1 + rng.Below(3); i > 0; --i) task_ids.push_back(AddTask(*log_, task));
    std::vector<TrialRecord> trials;
    for (uint64_t i = rng.Below(8); i > 0; --i) {
      TrialRecord trial = RandomTrial(task_ids[rng.Below(task_ids.size())],
                                      absl::StrFormat("%d/%d", round, i), rng);
      // Few different values, so that ties come up.
      for (double& sample : trial.samples_ns) sample = 100.0 + static_cast<double>(rng.Below(4));
      const int64_t id = Append(trial);
      if (trial.outcome == Outcome::kOk && rng.Below(3) == 0) {
        ASSERT_TRUE(log_->AppendSamples(id, 1, {100.0 + static_cast<double>(rng.Below(4))}).ok());
      }
      trials.push_back(*log_->GetTrial(id));
    }
    for (const bool include_emulated : {false, true}) {
      const TrialRecord* expected = PlainBest(trials, false);
      if (expected == nullptr && include_emulated) expected = PlainBest(trials, true);
      const auto best = log_->Best(task.workload, kTarget, include_emulated);
      ASSERT_EQ(best.ok(), expected != nullptr) << best.status();
      if (expected == nullptr) continue;
      EXPECT_EQ(best->trial_id, expected->id);
      EXPECT_EQ(best->cost.median_ns, expected->cost_ns);
    }
  }
}

TEST_F(BestTest, EmulatedTimingNeverCompetesWithHardware) {
  TrialRecord emulated = OkTrial(task_id_, "emulated", {10});
  emulated.emulated = true;
  const int64_t emulated_id = Append(emulated);
  EXPECT_TRUE(absl::IsNotFound(log_->Best(kWorkload, kTarget, false).status()));
  EXPECT_EQ(log_->Best(kWorkload, kTarget, true)->trial_id, emulated_id);
  const int64_t hardware_id = Append("hardware", 500);
  EXPECT_EQ(log_->Best(kWorkload, kTarget, false)->trial_id, hardware_id);
  EXPECT_EQ(log_->Best(kWorkload, kTarget, true)->trial_id, hardware_id);
  const QueryResult view = Query(path_, "SELECT * FROM best_by_workload ORDER BY emulated");
  ASSERT_EQ(view.rows.size(), 2u) << "one of each kind";
  EXPECT_EQ(Cell(view, 0, "cost_median_ns"), "500");
  EXPECT_EQ(Cell(view, 1, "cost_median_ns"), "10");
}

TEST_F(BestTest, CostsOfTwoKindsDoNotCompete) {
  TrialRecord counted = OkTrial(task_id_, "counted", {4000});
  counted.emulated = true;
  counted.cost_unit = CostUnit::kInstructions;
  counted.ns_per_cost_unit = 4;
  counted.tick_hz = 25000000;
  counted.median_instructions = 1000;
  counted.cycles_per_instruction = 1.25;
  const int64_t counted_id = Append(counted);
  EXPECT_EQ(log_->Best(kWorkload, kTarget, true)->trial_id, counted_id);
  TrialRecord estimated = counted;
  estimated.trial_key = "estimated";
  estimated.samples_ns = {5000};
  estimated.cost_unit = CostUnit::kEstimatedCycles;
  const int64_t estimated_id = Append(estimated);
  const auto best = log_->Best(kWorkload, kTarget, true);
  EXPECT_EQ(best->trial_id, estimated_id) << "the nearer to time, though its number is larger";
  EXPECT_EQ(best->cost_unit, CostUnit::kEstimatedCycles);
  EXPECT_EQ(best->cost.median_ns / best->ns_per_cost_unit, 1250);
  const TrialRecord read = *log_->GetTrial(counted_id);
  EXPECT_EQ(read.cost_unit, CostUnit::kInstructions);
  EXPECT_EQ(read.ns_per_cost_unit, 4);
  EXPECT_EQ(read.tick_hz, 25000000u);
  EXPECT_EQ(read.median_instructions, 1000);
  EXPECT_EQ(read.cycles_per_instruction, 1.25);
}

TEST_F(BestTest, BestOfOneWorkloadIsFoundThroughTheIndex) {
  const QueryResult plan = Query(path_,
                                 "EXPLAIN QUERY PLAN SELECT trial_id FROM best_by_workload "
                                 "WHERE workload = 'w' AND target = 't' AND emulated = 0");
  std::string text;
  for (size_t i = 0; i < plan.rows.size(); ++i) text += Cell(plan, i, "detail") + "\n";
  EXPECT_THAT(text, HasSubstr("SEARCH trials USING INDEX trials_by_cost"));
  for (const char* table : {"workloads", "targets", "trials", "details", "finalists"}) {
    EXPECT_THAT(text, Not(HasSubstr(absl::StrFormat("SCAN %s", table)))) << "reads all of it";
  }
  EXPECT_THAT(text, Not(HasSubstr("TEMP B-TREE"))) << "sorts";
}

TEST_F(BestTest, TrialsForGivesTheNewestFirstUpToTheLimit) {
  Append("a", 3);
  Append("b", 2);
  Append(FailedTrial(task_id_, "c", Outcome::kTimeout));
  EXPECT_THAT(Keys(log_->TrialsFor(kWorkload, kTarget, 2)), ElementsAre("c", "b"));
  EXPECT_THAT(Keys(log_->TrialsFor(kWorkload, kTarget, ~uint64_t{0})), ElementsAre("c", "b", "a"));
  EXPECT_THAT(Keys(log_->TrialsFor("other", kTarget, 9)), ElementsAre());
}

TEST_F(BestTest, NearestTrialsAreTheFastestOfEachTaskWhoseTemplateStartsSo) {
  Append("slow", 30);
  Append("fast", 10);
  Append("middle", 20);
  Append(FailedTrial(task_id_, "failed", Outcome::kTimeout));
  Append(OkTrial(AddTask(*log_), "another task", {50}));
  EXPECT_THAT(Keys(log_->NearestTrials("conv2d_", 2)),
              ElementsAre("fast", "middle", "another task"));
  EXPECT_THAT(Keys(log_->NearestTrials("CONV2D_", 2)), ElementsAre());
  EXPECT_THAT(Keys(log_->NearestTrials("%", 2)), ElementsAre()) << "no wildcards";
}

TEST_F(BestTest, FailuresAreCountedByCause) {
  Append("ok", 10);
  for (const char* key : {"a", "b", "c"}) Append(FailedTrial(task_id_, key, Outcome::kBuildFailed));
  TrialRecord crash = FailedTrial(task_id_, "d", Outcome::kCrashed);
  crash.phase = "verify";
  crash.error = "SIGSEGV at address 0x0";
  crash.device = "board-1";
  const int64_t crash_id = Append(crash);
  ASSERT_TRUE(log_->Flush().ok());
  const QueryResult failures = Query(path_, "SELECT * FROM failures_by_cause");
  ASSERT_EQ(failures.rows.size(), 2u);
  EXPECT_EQ(Cell(failures, 0, "outcome"), "build_failed") << "the most frequent first";
  EXPECT_EQ(Cell(failures, 0, "num_trials"), "3");
  EXPECT_EQ(Cell(failures, 1, "phase"), "verify");
  EXPECT_EQ(Cell(failures, 1, "error"), "SIGSEGV at address 0x0");
  EXPECT_EQ(Cell(failures, 1, "device"), "board-1");
  EXPECT_EQ(Cell(failures, 1, "last_trial_id"), std::to_string(crash_id));
}

TEST_F(BestTest, ActivityOfEachDeviceIsAddedUp) {
  TrialRecord ok = OkTrial(task_id_, "a");
  ok.run_wall_ns = 1000;
  ok.after.temperature_millicelsius = 71000;
  ok.after.throttled = true;
  Append(ok);
  TrialRecord lost = FailedTrial(task_id_, "b", Outcome::kDeviceLost);
  lost.device = "board-1";
  lost.run_wall_ns = 500;
  Append(lost);
  DeviceRecord idle;
  idle.name = "idle board";
  ASSERT_TRUE(log_->UpsertDevice(idle).ok());
  const QueryResult devices = Query(path_, "SELECT * FROM device_activity ORDER BY device");
  ASSERT_EQ(devices.rows.size(), 2u);
  EXPECT_EQ(Cell(devices, 0, "num_trials"), "2");
  EXPECT_EQ(Cell(devices, 0, "num_ok"), "1");
  EXPECT_EQ(Cell(devices, 0, "num_failed"), "0");
  EXPECT_EQ(Cell(devices, 0, "num_device_lost"), "1");
  EXPECT_EQ(Cell(devices, 0, "busy_ns"), "1500");
  EXPECT_EQ(Cell(devices, 0, "num_throttled"), "1");
  EXPECT_EQ(Cell(devices, 0, "max_temperature_millicelsius"), "71000");
  EXPECT_EQ(Cell(devices, 1, "num_trials"), "0");
}

}  // namespace
}  // namespace tunefarm::db
