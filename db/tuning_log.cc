#include "db/tuning_log.h"

#include <utility>

#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "base/status.h"
#include "db/catalog_store.h"
#include "db/log_file.h"
#include "db/reference_store.h"
#include "db/sample_store.h"
#include "db/schema.h"
#include "db/sqlite.h"
#include "db/task_store.h"
#include "db/trial_query.h"
#include "db/trial_store.h"
#include "db/write_queue.h"
#include "db/writer_lock.h"

namespace tunefarm::db {
namespace {

// Names under which queued writes are known until they are in the file.
std::string KeyName(const std::string& trial_key) { return "key " + trial_key; }
std::string OkTrialName(int64_t trial_id) { return absl::StrFormat("ok trial %d", trial_id); }
std::string RoundName(int64_t trial_id, uint32_t round) {
  return absl::StrFormat("trial %d round %d", trial_id, round);
}

}  // namespace

TuningLog::TuningLog(std::string path, const OpenOptions& options)
    : path_(std::move(path)), options_(options) {}

TuningLog::~TuningLog() = default;

absl::StatusOr<std::unique_ptr<TuningLog>> TuningLog::Open(const std::string& path, OpenMode mode,
                                                           const OpenOptions& options) {
  WritableLog writable;
  if (mode == OpenMode::kReadWriteCreate) {
    TUNEFARM_ASSIGN_OR_RETURN(writable, OpenForWriting(path, options.max_file_bytes));
  }
  TUNEFARM_ASSIGN_OR_RETURN(std::unique_ptr<Connection> reader, OpenForReading(path));
  std::unique_ptr<TuningLog> log(new TuningLog(reader->path(), options));
  base::MutexLock read_lock(&log->read_mutex_);
  log->reader_ = std::move(reader);
  if (mode == OpenMode::kReadOnly) return log;

  base::MutexLock append_lock(&log->append_mutex_);
  TUNEFARM_ASSIGN_OR_RETURN(log->checker_, OpenForReading(path));
  TUNEFARM_ASSIGN_OR_RETURN(log->last_trial_id_, ReadLastTrialId(*log->checker_));
  log->lock_ = std::move(writable.lock);
  log->queue_ = std::make_unique<WriteQueue>(
      std::move(writable.connection),
      WriteQueue::Options{.batch_delay = options.batch_delay,
                          .max_batch_writes = options.max_batch_trials,
                          .max_queued_writes = options.max_waiting_trials});
  return log;
}

uint64_t TuningLog::NowNs() const {
  return static_cast<uint64_t>(absl::ToUnixNanos(options_.clock->Now()));
}

absl::Status TuningLog::CheckWritable() const {
  if (queue_ != nullptr) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrFormat("%s was opened for reading only", path_));
}

absl::Status TuningLog::UpsertWorkload(const WorkloadRecord& workload) {
  TUNEFARM_RETURN_IF_ERROR(CheckWritable());
  return queue_->Run([&](Connection& file) { return db::UpsertWorkload(file, workload); });
}

absl::Status TuningLog::UpsertTarget(const TargetRecord& target) {
  TUNEFARM_RETURN_IF_ERROR(CheckWritable());
  return queue_->Run([&](Connection& file) { return db::UpsertTarget(file, target); });
}

absl::Status TuningLog::UpsertSpace(const SpaceRecord& space) {
  TUNEFARM_RETURN_IF_ERROR(CheckWritable());
  return queue_->Run([&](Connection& file) { return db::UpsertSpace(file, space); });
}

absl::Status TuningLog::UpsertToolchain(const std::string& text) {
  TUNEFARM_RETURN_IF_ERROR(CheckWritable());
  return queue_->Run([&](Connection& file) { return db::UpsertToolchain(file, text); });
}

absl::Status TuningLog::UpsertDevice(const DeviceRecord& device) {
  TUNEFARM_RETURN_IF_ERROR(CheckWritable());
  const uint64_t now_ns = NowNs();
  return queue_->Run([&](Connection& file) { return db::UpsertDevice(file, device, now_ns); });
}

absl::StatusOr<int64_t> TuningLog::CreateTask(const TaskRecord& task) {
  TUNEFARM_RETURN_IF_ERROR(CheckWritable());
  const uint64_t now_ns = NowNs();
  int64_t task_id = 0;
  TUNEFARM_RETURN_IF_ERROR(queue_->Run([&](Connection& file) -> absl::Status {
    TUNEFARM_ASSIGN_OR_RETURN(task_id, InsertTask(file, task, now_ns));
    return absl::OkStatus();
  }));
  return task_id;
}

absl::Status TuningLog::SetTaskState(int64_t task_id, TaskState state,
                                     const std::string& ended_how) {
  TUNEFARM_RETURN_IF_ERROR(CheckWritable());
  const uint64_t now_ns = NowNs();
  return queue_->Run(
      [&](Connection& file) { return UpdateTaskState(file, task_id, state, ended_how, now_ns); });
}

absl::StatusOr<int64_t> TuningLog::AppendTrial(const TrialRecord& trial) {
  TUNEFARM_RETURN_IF_ERROR(CheckWritable());
  TUNEFARM_RETURN_IF_ERROR(CheckTrial(trial));
  base::MutexLock lock(&append_mutex_);
  // The queue first: what has left it is in the file by then.
  if (queue_->Holds(KeyName(trial.trial_key))) {
    return absl::AlreadyExistsError(
        absl::StrFormat("trial key '%s' is taken by a trial being written", trial.trial_key));
  }
  TUNEFARM_RETURN_IF_ERROR(CheckNewTrialKey(*checker_, trial.trial_key));
  TUNEFARM_RETURN_IF_ERROR(CheckTaskExists(*checker_, trial.task_id));
  if (trial.supersedes < 0 || trial.supersedes > last_trial_id_) {
    return absl::InvalidArgumentError(
        absl::StrFormat("trial '%s': supersedes trial %d, the last one is %d", trial.trial_key,
                        trial.supersedes, last_trial_id_));
  }
  const int64_t id = last_trial_id_ + 1;
  TrialRecord record = trial;
  record.created_at_ns = NowNs();
  QueuedWrite write;
  write.what = absl::StrFormat("trial %d", id);
  write.names = {KeyName(record.trial_key)};
  if (record.outcome == Outcome::kOk) write.names.push_back(OkTrialName(id));
  write.apply = [id, record = std::move(record)](Connection& file) {
    return InsertTrial(file, id, record);
  };
  TUNEFARM_RETURN_IF_ERROR(queue_->Enqueue(std::move(write)));
  last_trial_id_ = id;
  return id;
}

absl::Status TuningLog::AppendReference(const ReferenceRecord& reference) {
  TUNEFARM_RETURN_IF_ERROR(CheckWritable());
  TUNEFARM_RETURN_IF_ERROR(CheckReference(reference));
  base::MutexLock lock(&append_mutex_);
  TUNEFARM_RETURN_IF_ERROR(CheckTaskExists(*checker_, reference.task_id));
  TUNEFARM_RETURN_IF_ERROR(FindId(*checker_, "targets", "text", reference.target).status());
  ReferenceRecord record = reference;
  record.created_at_ns = NowNs();
  QueuedWrite write;
  write.what = absl::StrFormat("reference timing of %s", record.device);
  write.apply = [record = std::move(record)](Connection& file) {
    return InsertReference(file, record);
  };
  return queue_->Enqueue(std::move(write));
}

absl::Status TuningLog::AppendSamples(int64_t trial_id, uint32_t round,
                                      const std::vector<double>& samples_ns,
                                      const std::vector<SampleRecord>& all_samples) {
  TUNEFARM_RETURN_IF_ERROR(CheckWritable());
  if (round == 0) {
    return absl::InvalidArgumentError(
        absl::StrFormat("trial %d: round 0 is the search's; a final counts from 1", trial_id));
  }
  TUNEFARM_RETURN_IF_ERROR(
      base::Annotate(CheckSamples(samples_ns, all_samples), absl::StrFormat("trial %d", trial_id)));
  base::MutexLock lock(&append_mutex_);
  if (!queue_->Holds(OkTrialName(trial_id))) {
    TUNEFARM_RETURN_IF_ERROR(CheckTrialIsOk(*checker_, trial_id));
  }
  if (queue_->Holds(RoundName(trial_id, round))) {
    return absl::AlreadyExistsError(
        absl::StrFormat("trial %d: samples of round %d are being written", trial_id, round));
  }
  TUNEFARM_RETURN_IF_ERROR(CheckNewRound(*checker_, trial_id, round));
  QueuedWrite write;
  write.what = RoundName(trial_id, round);
  write.names = {write.what};
  write.apply = [trial_id, final_round = FinalRound{round, samples_ns, all_samples}](
                    Connection& file) { return InsertFinalRound(file, trial_id, final_round); };
  return queue_->Enqueue(std::move(write));
}

absl::Status TuningLog::Flush() {
  TUNEFARM_RETURN_IF_ERROR(CheckWritable());
  return queue_->Flush();
}

template <typename ReadFunction>
auto TuningLog::Read(const ReadFunction& read) const {
  // A disk that takes nothing is Flush's and the appender's business; what is in the file can be
  // read.
  if (queue_ != nullptr) queue_->Settle().IgnoreError();
  base::MutexLock lock(&read_mutex_);
  return read(*reader_);
}

absl::StatusOr<TaskRecord> TuningLog::GetTask(int64_t task_id) const {
  return Read([&](Connection& file) { return ReadTask(file, task_id); });
}

absl::StatusOr<std::vector<TaskRecord>> TuningLog::OpenTasks() const {
  return Read([&](Connection& file) { return ReadOpenTasks(file); });
}

absl::StatusOr<std::vector<TaskRecord>> TuningLog::LatestTasks(uint64_t limit) const {
  return Read([&](Connection& file) { return ReadLatestTasks(file, limit); });
}

absl::StatusOr<TrialRecord> TuningLog::GetTrial(int64_t trial_id) const {
  return Read([&](Connection& file) { return ReadTrial(file, trial_id); });
}

absl::StatusOr<std::vector<TrialRecord>> TuningLog::TrialsOfTask(int64_t task_id) const {
  return Read([&](Connection& file) { return ReadTrialsOfTask(file, task_id); });
}

absl::StatusOr<std::vector<TrialRecord>> TuningLog::TrialsFor(const std::string& workload,
                                                              const std::string& target,
                                                              uint64_t limit) const {
  return Read([&](Connection& file) { return ReadTrialsFor(file, workload, target, limit); });
}

absl::StatusOr<std::vector<TrialRecord>> TuningLog::NearestTrials(
    const std::string& template_prefix, uint64_t limit_per_task) const {
  return Read(
      [&](Connection& file) { return ReadNearestTrials(file, template_prefix, limit_per_task); });
}

absl::StatusOr<BestRecord> TuningLog::Best(const std::string& workload, const std::string& target,
                                           bool include_emulated) const {
  return Read([&](Connection& file) { return ReadBest(file, workload, target, include_emulated); });
}

absl::StatusOr<DeviceActivity> TuningLog::Activity(const std::string& device,
                                                   uint64_t num_references) const {
  return Read([&](Connection& file) { return ReadActivity(file, device, num_references); });
}

absl::Status TuningLog::Check() const {
  return Read([&](Connection& file) { return CheckIntegrity(file); });
}

}  // namespace tunefarm::db
