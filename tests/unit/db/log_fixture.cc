#include "tests/unit/db/log_fixture.h"

#include <stdlib.h>
#include <sys/stat.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <random>
#include <system_error>

#include "absl/strings/str_format.h"
#include "base/status.h"
#include "gtest/gtest.h"

namespace tunefarm::db {

TempFolder::TempFolder() {
  std::string pattern = (std::filesystem::temp_directory_path() / "tunefarm-db-XXXXXX").string();
  TUNEFARM_CHECK(mkdtemp(pattern.data()) != nullptr, "mkdtemp failed");
  path_ = pattern;
  chmod(path_.c_str(), 0755);
}

TempFolder::~TempFolder() {
  std::error_code error;
  std::filesystem::remove_all(path_, error);
}

std::unique_ptr<TuningLog> OpenLog(const std::string& path, const OpenOptions& options) {
  auto log = TuningLog::Open(path, OpenMode::kReadWriteCreate, options);
  TUNEFARM_CHECK(log.ok(), base::OneLine(log.status()));
  return *std::move(log);
}

TaskRecord SampleTask() {
  TaskRecord task;
  task.workload = kWorkload;
  task.target = kTarget;
  task.space_hash = kSpaceHash;
  task.toolchain = kToolchain;
  task.seed = 0xFFFFFFFFFFFFFFFEu;  // Above 63 bits: seeds keep all 64.
  task.strategy = "xgb";
  task.max_trials = 64;
  task.max_seconds = 2.5;
  task.owner = "ada@lab";
  return task;
}

int64_t AddTask(TuningLog& log, const TaskRecord& task) {
  EXPECT_TRUE(log.UpsertWorkload({task.workload, kNumFlops}).ok());
  EXPECT_TRUE(log.UpsertTarget({task.target, "native"}).ok());
  EXPECT_TRUE(log.UpsertSpace({task.space_hash, kTemplate, 1000, "tile_oc: 8 16"}).ok());
  EXPECT_TRUE(log.UpsertToolchain(task.toolchain).ok());
  const absl::StatusOr<int64_t> task_id = log.CreateTask(task);
  TUNEFARM_CHECK(task_id.ok(), base::OneLine(task_id.status()));
  return *task_id;
}

TrialRecord OkTrial(int64_t task_id, const std::string& trial_key,
                    const std::vector<double>& samples_ns) {
  TrialRecord trial;
  trial.trial_key = trial_key;
  trial.task_id = task_id;
  trial.config = "tile_oc=16,tile_ow=7";
  trial.config_index = 42;
  trial.kernel = KernelRecord{"d1ge57", "7e87", 4096, ""};
  trial.device = "board-1";
  trial.samples_ns = samples_ns;
  trial.runs_per_sample = 10;
  return trial;
}

TrialRecord FailedTrial(int64_t task_id, const std::string& trial_key, Outcome outcome) {
  TrialRecord trial;
  trial.trial_key = trial_key;
  trial.task_id = task_id;
  trial.config = "tile_oc=64,tile_ow=56";
  trial.config_index = 7;
  trial.outcome = outcome;
  trial.phase = "lower";
  trial.error = "split ow_inner: factor 24 exceeds extent 7 (conv2d_nhwc_x86)";
  return trial;
}

TrialRecord RandomTrial(int64_t task_id, const std::string& trial_key, base::Rng& rng) {
  const auto count = [&] { return rng() >> (1 + rng.Below(63)); };  // Any magnitude of 63 bits.
  const auto text = [&] { return absl::StrFormat("text '%x' \"\n\xC3\xA4", rng()); };
  TrialRecord trial;
  trial.trial_key = trial_key;
  trial.task_id = task_id;
  trial.config = text();
  trial.config_index = count();
  trial.proposed_by = static_cast<Proposal>(rng.Below(7));
  if (rng.Below(2)) trial.predicted_score = rng.Uniform() - 0.5;
  trial.outcome = static_cast<Outcome>(rng.Below(8));
  const bool ok = trial.outcome == Outcome::kOk;
  if (ok || rng.Below(2)) {
    trial.kernel = KernelRecord{text(), text(), count(), rng.Below(2) ? text() : ""};
  }
  if (ok || rng.Below(2)) trial.device = absl::StrFormat("board-%d", rng.Below(4));
  trial.emulated = rng.Below(2) == 1;
  if (!ok) {
    trial.phase = text();
    trial.error = text();
  }
  for (uint64_t i = ok ? 1 + rng.Below(12) : 0; i > 0; --i) {
    trial.samples_ns.push_back(1 + rng.Uniform() * 1e6);
  }
  trial.runs_per_sample = count();
  trial.cut = rng.Below(2) == 1;
  trial.build_ns = count();
  trial.run_wall_ns = count();
  for (DeviceState* state : {&trial.before, &trial.after}) {
    if (rng.Below(2)) state->cpu_frequency_hz = count();
    if (rng.Below(2)) {
      state->temperature_millicelsius = static_cast<int32_t>(rng.Below(120000)) - 20000;
    }
    if (rng.Below(2)) state->throttled = rng.Below(2) == 1;
    if (rng.Below(2)) state->load_average = rng.Uniform() * 8;
  }
  return trial;
}

uint64_t TestSeed() {
  const char* given = std::getenv("TUNEFARM_TEST_SEED");
  const uint64_t seed =
      given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device()();
  std::printf("TUNEFARM_TEST_SEED=%llu\n", static_cast<unsigned long long>(seed));
  return seed;
}

std::string Cell(const QueryResult& result, size_t row, const std::string& column) {
  for (size_t i = 0; i < result.columns.size(); ++i) {
    if (result.columns[i] != column) continue;
    const QueryValue& value = result.rows.at(row)[i];
    if (const auto* integer = std::get_if<int64_t>(&value)) return absl::StrFormat("%d", *integer);
    if (const auto* real = std::get_if<double>(&value)) return absl::StrFormat("%g", *real);
    if (const auto* words = std::get_if<std::string>(&value)) return *words;
    return "NULL";
  }
  return "no column " + column;
}

QueryResult Query(const std::string& path, const std::string& sql) {
  absl::StatusOr<QueryResult> result = RunReadOnlyQuery(path, sql);
  TUNEFARM_CHECK(result.ok(), base::OneLine(result.status()));
  return *std::move(result);
}

int64_t QueryCount(const std::string& path, const std::string& sql) {
  return std::get<int64_t>(Query(path, sql).rows.at(0).at(0));
}

}  // namespace tunefarm::db
