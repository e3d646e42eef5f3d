// What the tests of the tuning log share: a folder of their own, a task to hang trials on, sample
// trials.
#ifndef TUNEFARM_TESTS_UNIT_DB_LOG_FIXTURE_H_
#define TUNEFARM_TESTS_UNIT_DB_LOG_FIXTURE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/rng.h"
#include "db/query.h"
#include "db/tuning_log.h"

namespace tunefarm::db {

inline constexpr char kWorkload[] = "conv2d/f32/nhwc/1x56x56x64/o64k3x3s1x1p1x1d1x1g1/bias+relu";
inline constexpr char kTarget[] = "triple=x86_64-linux-gnu,cpu=znver4";
inline constexpr uint64_t kNumFlops = 231211008;
inline constexpr char kSpaceHash[] = "5ace";
inline constexpr char kTemplate[] = "conv2d_nhwc_x86";
inline constexpr char kToolchain[] = "tunefarm 0.1.0 llvm 19.1.7";

// A new, empty folder that any user may read; removed with all in it.
class TempFolder {
 public:
  TempFolder();
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  ~TempFolder();
  const std::string& path() const { return path_; }
  std::string File(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

// Stands still until it is moved.
class ManualClock final : public base::Clock {
 public:
  absl::Time Now() const override { return now_; }
  absl::Duration SteadyNow() const override { return now_ - absl::UnixEpoch(); }
  void Advance(absl::Duration by) { now_ += by; }

 private:
  absl::Time now_ = absl::UnixEpoch() + absl::Hours(24 * 365 * 50);
};

// Opens for writing; fails the test where that does not work.
std::unique_ptr<TuningLog> OpenLog(const std::string& path, const OpenOptions& options = {});

// A task on kWorkload, kTarget and so on, which are upserted; `max_trials` 64.
TaskRecord SampleTask();
int64_t AddTask(TuningLog& log, const TaskRecord& task = SampleTask());

// An ok trial with these samples.
TrialRecord OkTrial(int64_t task_id, const std::string& trial_key,
                    const std::vector<double>& samples_ns = {110, 100, 104});
TrialRecord FailedTrial(int64_t task_id, const std::string& trial_key, Outcome outcome);
// Every field drawn from `rng`; any outcome.
TrialRecord RandomTrial(int64_t task_id, const std::string& trial_key, base::Rng& rng);

// The seed of a random test: TUNEFARM_TEST_SEED where that is set, else a new one; printed either
// way.
uint64_t TestSeed();

// The field `column` of row `row` as text.
std::string Cell(const QueryResult& result, size_t row, const std::string& column);
// Rows of a query that must work.
QueryResult Query(const std::string& path, const std::string& sql);
// The only value of a query that must work and give one integer.
int64_t QueryCount(const std::string& path, const std::string& sql);

}  // namespace tunefarm::db

#endif  // TUNEFARM_TESTS_UNIT_DB_LOG_FIXTURE_H_
