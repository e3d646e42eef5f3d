// The tuning log: the one store of every measurement, task and device, in a SQLite file.
//
// Where it stands: sessions append trials while they tune, the daemon keeps its tasks here and
// finds them again after a crash, queries read the best schedules back. It relies on base and
// SQLite alone; nothing of SQLite shows in this header, so that another store can stand behind the
// same calls.
//
// One process at a time writes a log; any number may read it meanwhile. A trial is appended without
// waiting for the disk: a writer thread commits in batches, within `batch_delay`. What is committed
// survives the death of the process, however it dies. A trial goes in with all its samples or not
// at all. While the disk is full, trials are kept in memory and tried again (see Flush).
#ifndef TUNEFARM_DB_TUNING_LOG_H_
#define TUNEFARM_DB_TUNING_LOG_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "db/records.h"

namespace tunefarm::db {

class Connection;
class WriteQueue;
class WriterLock;

enum class OpenMode {
  kReadWriteCreate,  // Makes the log where there is none, brings an older one up to date.
  kReadOnly,
};

struct OpenOptions {
  const base::Clock* clock = &base::RealClock();  // Must outlive the log.
  absl::Duration batch_delay =
      absl::Milliseconds(20);          // A trial waits at most this long for company.
  size_t max_batch_trials = 256;       // In one transaction.
  size_t max_waiting_trials = 100000;  // In memory while the disk takes none.
  uint64_t max_file_bytes = 0;  // At this size the log behaves as on a full disk; 0: no limit.
};

// Thread-safe. Functions that write return FAILED_PRECONDITION on a log opened read-only. Functions
// that read see all that was appended before the call, except what a full disk holds up. Any
// function may return UNAVAILABLE (locked by another program, I/O error) or DATA_LOSS (the file is
// damaged).
class TuningLog {
 public:
  // Errors, each in one line that names the file: NOT_FOUND (no such folder; no such log,
  // read-only), PERMISSION_DENIED (read-only file or folder), UNAVAILABLE (another process writes
  // it: says which), INVALID_ARGUMENT (a folder, not a database, another program's database),
  // FAILED_PRECONDITION (newer schema; older schema, read-only), DATA_LOSS (damaged),
  // RESOURCE_EXHAUSTED (disk full). The file is left as it was.
  static absl::StatusOr<std::unique_ptr<TuningLog>> Open(const std::string& path, OpenMode mode,
                                                         const OpenOptions& options = {});
  TuningLog(const TuningLog&) = delete;
  TuningLog& operator=(const TuningLog&) = delete;
  // Writes what is left. Call Flush first to hear whether that works.
  ~TuningLog();

  // ---- What is measured, by what, on what. Committed on return; a second call with the same
  // identity updates what may change (see records.h). INVALID_ARGUMENT: an empty identity, a count
  // beyond 63 bits.
  absl::Status UpsertWorkload(const WorkloadRecord& workload);
  absl::Status UpsertTarget(const TargetRecord& target);
  absl::Status UpsertSpace(const SpaceRecord& space);
  absl::Status UpsertToolchain(const std::string& text);
  absl::Status UpsertDevice(const DeviceRecord& device);

  // ---- Tasks. Changes are committed on return.
  // Returns the number of the new, queued task. Errors: NOT_FOUND (its workload, target, space or
  // toolchain was not upserted), INVALID_ARGUMENT (budget).
  absl::StatusOr<int64_t> CreateTask(const TaskRecord& task);
  // `ended_how` is one line, kept only with a state that ends the task. All trials appended before
  // are committed with it or before it. Errors: NOT_FOUND, FAILED_PRECONDITION (the task has
  // ended).
  absl::Status SetTaskState(int64_t task_id, TaskState state, const std::string& ended_how = "");
  absl::StatusOr<TaskRecord> GetTask(int64_t task_id) const;
  // Queued and running, oldest first: what a daemon continues after it was killed.
  absl::StatusOr<std::vector<TaskRecord>> OpenTasks() const;
  // Newest first.
  absl::StatusOr<std::vector<TaskRecord>> LatestTasks(uint64_t limit) const;

  // ---- Trials.
  // Returns the trial's number at once; the trial is committed soon after. Medians and GFLOP/s are
  // computed here from the samples. A device the log does not know is added by its name. Errors:
  // ALREADY_EXISTS (the trial_key is taken; nothing is changed), NOT_FOUND (no such task),
  // INVALID_ARGUMENT (says which field), RESOURCE_EXHAUSTED (the disk has been full for
  // max_waiting_trials). A trial that it supersedes is marked with it, in one transaction, and
  // counts no longer.
  absl::StatusOr<int64_t> AppendTrial(const TrialRecord& trial);
  // One pass of an interleaved final; from the first on, the final's median is what ranks the
  // trial. Errors: NOT_FOUND (trial), FAILED_PRECONDITION (its outcome is not ok), ALREADY_EXISTS
  // (the trial has this round), INVALID_ARGUMENT (round 0, no samples, a sample not above 0),
  // RESOURCE_EXHAUSTED as above.
  // `all_samples` as TrialRecord::all_samples.
  absl::Status AppendSamples(int64_t trial_id, uint32_t round,
                             const std::vector<double>& samples_ns,
                             const std::vector<SampleRecord>& all_samples = {});
  // One timing of the reference kernel; committed soon after, as a trial is. Errors: NOT_FOUND
  // (task, target), INVALID_ARGUMENT (says which field), RESOURCE_EXHAUSTED as above.
  absl::Status AppendReference(const ReferenceRecord& reference);
  // Returns once everything appended before is committed. RESOURCE_EXHAUSTED: the disk is full;
  // nothing is lost, all of it stays in memory and is tried again with every append, every Flush
  // and once a second.
  absl::Status Flush();

  // With all samples. NOT_FOUND.
  absl::StatusOr<TrialRecord> GetTrial(int64_t trial_id) const;
  // The functions below leave out the samples; the medians are there.
  // In order of appending, superseded ones included; empty where there is no such task.
  absl::StatusOr<std::vector<TrialRecord>> TrialsOfTask(int64_t task_id) const;
  // All outcomes, superseded ones included, newest first.
  absl::StatusOr<std::vector<TrialRecord>> TrialsFor(const std::string& workload,
                                                     const std::string& target,
                                                     uint64_t limit) const;
  // For transfer: of every task whose template's name starts with `template_prefix`, the fastest
  // `limit_per_task` ok trials, fastest first; tasks by number. Without superseded ones. Includes
  // emulated ones: see the flag.
  absl::StatusOr<std::vector<TrialRecord>> NearestTrials(const std::string& template_prefix,
                                                         uint64_t limit_per_task) const;
  // The fastest ok trial; where its task held a final, only finalists stand. An emulator's timing
  // is given only if asked for and if there is none from hardware. NOT_FOUND: there is no such
  // trial.
  absl::StatusOr<BestRecord> Best(const std::string& workload, const std::string& target,
                                  bool include_emulated) const;

  // What a device did, how noisy it is, and its latest `num_references` reference timings.
  // NOT_FOUND: the log does not know it.
  absl::StatusOr<DeviceActivity> Activity(const std::string& device, uint64_t num_references) const;

  // Reads the whole file for damage and broken references: seconds per gigabyte. DATA_LOSS says
  // what.
  absl::Status Check() const;

  // Absolute, symbolic links resolved.
  const std::string& path() const { return path_; }

 private:
  TuningLog(std::string path, const OpenOptions& options);

  uint64_t NowNs() const;
  absl::Status CheckWritable() const;
  // Runs `read` on the reading connection, with everything appended so far committed.
  template <typename ReadFunction>
  auto Read(const ReadFunction& read) const;

  const std::string path_;
  const OpenOptions options_;
  std::unique_ptr<WriterLock> lock_;   // Before the connections: released after they are closed.
  std::unique_ptr<WriteQueue> queue_;  // Null: read-only.

  mutable base::Mutex read_mutex_;
  std::unique_ptr<Connection> reader_ ABSL_GUARDED_BY(read_mutex_);

  // Appending checks against the file through a connection of its own, never behind a long read.
  base::Mutex append_mutex_;
  std::unique_ptr<Connection> checker_ ABSL_GUARDED_BY(append_mutex_);  // Null: read-only.
  int64_t last_trial_id_ ABSL_GUARDED_BY(append_mutex_) = 0;
};

}  // namespace tunefarm::db

#endif  // TUNEFARM_DB_TUNING_LOG_H_
