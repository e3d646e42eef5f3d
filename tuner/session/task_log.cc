#include "tuner/session/task_log.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_format.h"
#include "base/status.h"
#include "compiler/artifact/artifact.h"

namespace tunefarm::tuner {
namespace {

std::string DescribeSpace(const compiler::ConfigSpace& space) {
  std::string text;
  for (const compiler::Knob& knob : space.knobs()) {
    text += knob.name + ":";
    for (const int64_t value : knob.values) text += absl::StrFormat(" %d", value);
    text += "\n";
  }
  return text;
}

absl::Status CheckTask(const db::TaskRecord& task, const TaskSetup& setup) {
  if (task.workload == setup.workload_key && task.target == setup.target_text) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(absl::StrFormat("task %d is %s on %s, not %s on %s", task.id,
                                                    task.workload, task.target, setup.workload_key,
                                                    setup.target_text));
}

db::DeviceState ToRecord(const DeviceReading& reading) {
  return {reading.cpu_frequency_hz, reading.temperature_millicelsius, reading.throttled,
          reading.load_average};
}

std::vector<db::SampleRecord> ToRecords(const std::vector<SampleReading>& samples) {
  std::vector<db::SampleRecord> records;
  for (const SampleReading& sample : samples) {
    records.push_back({sample.value_ns, static_cast<db::SampleVerdict>(sample.verdict),
                       sample.counted, ToRecord(sample.before), ToRecord(sample.after)});
  }
  return records;
}
static_assert(static_cast<int>(db::SampleVerdict::kThrottled) ==
              static_cast<int>(SampleVerdict::kThrottled));

db::DeviceRecord ToRecord(const DeviceDescription& device) {
  db::DeviceRecord record;
  record.name = device.name;
  record.model = device.model;
  record.triple = device.triple;
  record.cpu = device.cpu;
  record.num_cores = device.num_cores;
  record.memory_bytes = device.memory_bytes;
  record.emulated = device.emulated;
  record.agent_version = device.agent_version;
  return record;
}

}  // namespace

absl::StatusOr<int64_t> CreateTask(const SessionSpec& spec, const TaskSetup& setup,
                                   db::TuningLog* log) {
  TUNEFARM_RETURN_IF_ERROR(log->UpsertWorkload({setup.workload_key, setup.nominal_flops()}));
  TUNEFARM_RETURN_IF_ERROR(log->UpsertTarget({setup.target_text, setup.target.name}));
  const compiler::ConfigSpace& space = setup.space();
  TUNEFARM_RETURN_IF_ERROR(
      log->UpsertSpace({space.hash(), space.name(), setup.num_configs, DescribeSpace(space)}));
  TUNEFARM_RETURN_IF_ERROR(log->UpsertToolchain(compiler::Toolchain()));
  db::TaskRecord task;
  task.workload = setup.workload_key;
  task.target = setup.target_text;
  task.space_hash = space.hash();
  task.toolchain = compiler::Toolchain();
  task.seed = spec.seed;
  task.strategy = spec.strategy;
  task.max_trials = spec.max_trials;
  task.max_seconds = spec.max_seconds;
  task.owner = spec.owner;
  task.objective = spec.objective == Objective::kInstructions ? db::CostUnit::kInstructions
                                                              : db::CostUnit::kEstimatedCycles;
  return log->CreateTask(task);
}

// Both are the list of docs/design.md, in its order.
db::Outcome ToRecord(Outcome outcome) { return static_cast<db::Outcome>(outcome); }
Outcome FromRecord(db::Outcome outcome) { return static_cast<Outcome>(outcome); }
static_assert(static_cast<int>(db::Outcome::kOk) == static_cast<int>(Outcome::kOk));
static_assert(static_cast<int>(db::Outcome::kIllegalSchedule) ==
              static_cast<int>(Outcome::kIllegalSchedule));
static_assert(static_cast<int>(db::Outcome::kBuildFailed) ==
              static_cast<int>(Outcome::kBuildFailed));
static_assert(static_cast<int>(db::Outcome::kWrongResult) ==
              static_cast<int>(Outcome::kWrongResult));
static_assert(static_cast<int>(db::Outcome::kTimeout) == static_cast<int>(Outcome::kTimeout));
static_assert(static_cast<int>(db::Outcome::kCrashed) == static_cast<int>(Outcome::kCrashed));
static_assert(static_cast<int>(db::Outcome::kOutOfMemory) ==
              static_cast<int>(Outcome::kOutOfMemory));
static_assert(static_cast<int>(db::Outcome::kDeviceLost) == static_cast<int>(Outcome::kDeviceLost));

db::Proposal ToRecord(ProposalOrigin origin) {
  switch (origin) {
    case ProposalOrigin::kDefault:
      return db::Proposal::kDefault;
    case ProposalOrigin::kAnalytic:
      return db::Proposal::kAnalytic;
    case ProposalOrigin::kTransfer:
      return db::Proposal::kTransfer;
    case ProposalOrigin::kModel:
    case ProposalOrigin::kUncertain:
      return db::Proposal::kModel;
    case ProposalOrigin::kRandom:
      return db::Proposal::kRandom;
    case ProposalOrigin::kGrid:
      break;
  }
  return db::Proposal::kGrid;
}

absl::StatusOr<TaskLog> TaskLog::Open(const SessionSpec& spec, const TaskSetup& setup,
                                      db::TuningLog* log) {
  int64_t task_id = spec.task_id;
  if (task_id == 0) {
    TUNEFARM_ASSIGN_OR_RETURN(task_id, CreateTask(spec, setup, log));
  } else {
    TUNEFARM_ASSIGN_OR_RETURN(const db::TaskRecord task, log->GetTask(task_id));
    TUNEFARM_RETURN_IF_ERROR(CheckTask(task, setup));
  }
  TUNEFARM_RETURN_IF_ERROR(log->SetTaskState(task_id, db::TaskState::kRunning));
  return TaskLog(log, task_id);
}

absl::StatusOr<std::vector<db::TrialRecord>> TaskLog::LoggedTrials() const {
  return log_->TrialsOfTask(task_id_);
}

absl::StatusOr<int64_t> TaskLog::Append(const SessionCandidate& candidate, uint64_t config_index,
                                        const MeasureReport& report, Measurer& measurer,
                                        int64_t supersedes) {
  if (!report.device.empty() && described_devices_.insert(report.device).second) {
    // A tracker that cannot tell leaves the log with the name alone.
    const auto device = measurer.DescribeDevice(report.device);
    if (device.ok()) TUNEFARM_RETURN_IF_ERROR(log_->UpsertDevice(ToRecord(*device)));
  }
  db::TrialRecord trial;
  trial.trial_key = absl::StrFormat("%d/%s/%d", task_id_, candidate.config, candidate.attempt);
  trial.task_id = task_id_;
  trial.config = candidate.config;
  trial.config_index = config_index;
  trial.proposed_by = ToRecord(candidate.proposal.how);
  if (candidate.proposal.predicted != 0) trial.predicted_score = candidate.proposal.predicted;
  if (!report.artifact_digest.empty()) {
    trial.kernel = db::KernelRecord{report.artifact_digest, report.text_hash,
                                    static_cast<uint64_t>(report.artifact_bytes), ""};
  }
  trial.device = report.device;
  trial.emulated = report.emulated;
  trial.outcome = ToRecord(report.outcome);
  trial.phase = report.phase;
  trial.error = report.error;
  if (report.outcome == Outcome::kOk) {
    trial.samples_ns = report.samples_ns;
    trial.all_samples = ToRecords(report.all_samples);
  }
  trial.unsteady = report.unsteady;
  trial.held_ns = report.held_ns;
  trial.supersedes = supersedes;
  trial.runs_per_sample = report.runs_per_sample;
  trial.cut = report.cut;
  trial.build_ns = report.build_ns;
  trial.run_wall_ns = report.run_ns;
  trial.cost_unit = ToRecord(report.cost_unit);
  trial.ns_per_cost_unit = report.ns_per_cost_unit;
  trial.tick_hz = report.tick_hz;
  trial.median_instructions = report.median_instructions;
  trial.cycles_per_instruction = report.cycles_per_instruction;
  trial.before = ToRecord(report.before);
  trial.after = ToRecord(report.after);
  return log_->AppendTrial(trial);
}

absl::StatusOr<uint32_t> TaskLog::NextFinalRound(const std::vector<int64_t>& trial_ids) const {
  uint32_t last = 0;
  for (const int64_t id : trial_ids) {
    TUNEFARM_ASSIGN_OR_RETURN(const db::TrialRecord trial, log_->GetTrial(id));
    if (!trial.final_rounds.empty()) last = std::max(last, trial.final_rounds.back().round);
  }
  return last + 1;
}

absl::StatusOr<db::CostStatistics> TaskLog::FinalCost(int64_t trial_id) const {
  TUNEFARM_ASSIGN_OR_RETURN(const db::TrialRecord trial, log_->GetTrial(trial_id));
  return trial.final_cost;
}

absl::Status TaskLog::AppendFinal(int64_t trial_id, uint32_t round, const MeasureReport& report) {
  if (report.outcome != Outcome::kOk) return absl::OkStatus();
  return log_->AppendSamples(trial_id, round, report.samples_ns, ToRecords(report.all_samples));
}

absl::Status TaskLog::AppendReference(const TaskSetup& setup, const MeasureReport& report,
                                      double drift, db::ReferenceVerdict verdict) {
  db::ReferenceRecord reference;
  reference.device = report.device;
  reference.target = setup.target_text;
  reference.task_id = task_id_;
  reference.samples_ns = report.samples_ns;
  reference.drift = drift;
  reference.verdict = verdict;
  reference.after = ToRecord(report.after);
  return log_->AppendReference(reference);
}

absl::Status TaskLog::Close(db::TaskState state, const std::string& how) {
  TUNEFARM_RETURN_IF_ERROR(log_->Flush());
  return log_->SetTaskState(task_id_, state, how);
}

}  // namespace tunefarm::tuner
