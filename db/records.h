// What the tuning log holds, as plain values. Where they stand: between the tuner, which fills them
// in, and db/tuning_log.h, which keeps them. Rely on nothing but the standard library.
//
// Things are named by what identifies them everywhere (workload key, target text, space hash,
// toolchain text, device name), never by row numbers of one file; tasks and trials alone have
// numbers. Counts and durations must fit 63 bits, floating-point values must be finite. Times of
// day are ns since 1970 UTC.
#ifndef TUNEFARM_DB_RECORDS_H_
#define TUNEFARM_DB_RECORDS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace tunefarm::db {

// How a trial ended. kDeviceLost is the infrastructure's failure: it counts towards no budget.
enum class Outcome {
  kOk,
  kIllegalSchedule,
  kBuildFailed,
  kWrongResult,
  kTimeout,
  kCrashed,
  kOutOfMemory,
  kDeviceLost,
};

// What proposed a trial's config.
enum class Proposal { kDefault, kAnalytic, kModel, kRandom, kGrid, kTransfer, kFinal };

enum class TaskState { kQueued, kRunning, kDone, kCancelled, kFailed };

// What the device did while a sample was taken.
enum class SampleVerdict { kSteady, kFrequencyMoved, kThrottled };

// How a reference timing compares with those before it on the same device and target.
enum class ReferenceVerdict { kFirst, kSteady, kDrifted, kSettled };

// What the costs of a trial are proportional to.
enum class CostUnit { kNs, kInstructions, kEstimatedCycles };

// The words of the log, e.g. "build_failed", and back; false, leaving `value` alone, for any other
// text.
const char* ToText(Outcome outcome);
const char* ToText(Proposal proposal);
const char* ToText(TaskState state);
const char* ToText(SampleVerdict verdict);
const char* ToText(ReferenceVerdict verdict);
const char* ToText(CostUnit unit);
bool FromText(const std::string& text, Outcome* value);
bool FromText(const std::string& text, Proposal* value);
bool FromText(const std::string& text, TaskState* value);
bool FromText(const std::string& text, SampleVerdict* value);
bool FromText(const std::string& text, ReferenceVerdict* value);
bool FromText(const std::string& text, CostUnit* value);

struct WorkloadRecord {
  std::string key;         // Canonical workload key.
  uint64_t num_flops = 0;  // 2 x multiply-accumulates of one run; 0 where it has none.
};

struct TargetRecord {
  std::string text;  // Canonical text of the whole target: what identifies it.
  std::string name;  // Label for people, e.g. native.
};

struct SpaceRecord {
  std::string hash;  // Content hash: what identifies it.
  std::string template_name;
  uint64_t num_configs = 0;
  std::string text;  // Knobs and values, for people.
};

struct DeviceRecord {
  std::string name;  // Unique in the farm.
  std::string model;
  std::string triple;
  std::string cpu;
  uint64_t num_cores = 0;     // 0: unknown.
  uint64_t memory_bytes = 0;  // 0: unknown.
  bool emulated = false;
  std::string agent_version;
};

struct TaskRecord {
  int64_t id = 0;          // Given by CreateTask, from 1.
  std::string workload;    // Key of a WorkloadRecord in the log.
  std::string target;      // Text of a TargetRecord in the log.
  std::string space_hash;  // Hash of a SpaceRecord in the log.
  std::string toolchain;   // Text of a toolchain in the log.
  uint64_t seed = 0;
  std::string strategy;                          // xgb | random | grid
  uint64_t max_trials = 1;                       // At least 1.
  double max_seconds = 0;                        // 0: no limit.
  std::string owner;                             // user@host
  CostUnit objective = CostUnit::kInstructions;  // On an emulated board; not kNs.

  // Kept by the log; ignored by CreateTask.
  TaskState state = TaskState::kQueued;
  std::string ended_how;  // One line; empty until it has ended.
  uint64_t created_at_ns = 0;
  uint64_t started_at_ns = 0;  // 0: has not run.
  uint64_t ended_at_ns = 0;    // 0: has not ended.
  uint64_t num_trials = 0;     // Logged so far, kDeviceLost not counted.
};

// A compiled kernel by its hashes: enough to tell that a rebuilt one is the very same.
struct KernelRecord {
  std::string digest;      // SHA-256 of the artifact, hexadecimal.
  std::string text_hash;   // SHA-256 of its .text section, hexadecimal; may be empty.
  uint64_t num_bytes = 0;  // Of the artifact.
  std::string toolchain;   // Empty on appending: the task's.
};

// What the operating system told about the device beside a trial. Absent: it did not tell.
struct DeviceState {
  std::optional<uint64_t> cpu_frequency_hz;
  std::optional<int32_t> temperature_millicelsius;
  std::optional<bool> throttled;
  std::optional<double> load_average;  // Of the last minute.
};

// One timing with what the device told around it; the load average is not kept.
struct SampleRecord {
  double value_ns = 0;  // Per run; above 0.
  SampleVerdict verdict = SampleVerdict::kSteady;
  bool counted = true;  // False: discarded, and taken again.
  DeviceState before;
  DeviceState after;
};

struct CostStatistics {
  uint64_t num_samples = 0;  // 0: the figures below mean nothing.
  double median_ns = 0;
  double mad_ns = 0;  // Median absolute deviation, unscaled.
  double min_ns = 0;
};

// The samples of one pass over the finalists of an interleaved final.
struct FinalRound {
  uint32_t round = 1;  // From 1.
  std::vector<double> samples_ns;
  std::vector<SampleRecord> all_samples;  // As TrialRecord::all_samples.
};

struct TrialRecord {
  std::string trial_key;  // The caller's own, unique name of the trial, e.g. "task/config/attempt".
  int64_t task_id = 0;    // An existing task.
  std::string config;     // Named knobs: name=value,name=value
  uint64_t config_index = 0;
  Proposal proposed_by = Proposal::kDefault;
  std::optional<double> predicted_score;  // Higher is faster; absent: not scored.
  std::optional<KernelRecord> kernel;     // Absent: nothing was built. Required for kOk.
  std::string device;                     // Empty: it reached none. Required for kOk.
  bool emulated = false;  // An emulator's timing, which never competes with hardware's.
  Outcome outcome = Outcome::kOk;
  std::string phase;  // Where it ended; empty when ok.
  std::string error;  // One line; empty when ok.
  // Of the search round, in order of measurement, ns per run; above 0. Empty unless kOk.
  std::vector<double> samples_ns;
  // Every sample taken, in order: the counted ones are samples_ns. Empty on appending: samples_ns
  // is all there is, and nobody told the device's state.
  std::vector<SampleRecord> all_samples;
  bool unsteady = false;   // No sample was steady: disturbed ones count.
  uint64_t held_ns = 0;    // How long the agent waited for the device to cool before it.
  int64_t supersedes = 0;  // Measures that trial of the same task again, in its place; 0: none.
  uint64_t runs_per_sample = 0;
  bool cut = false;  // Sampling was cut short because the candidate was slow.
  uint64_t build_ns = 0;
  uint64_t run_wall_ns = 0;
  DeviceState before;
  DeviceState after;
  CostUnit cost_unit = CostUnit::kNs;  // What a cost stands for: cost / ns_per_cost_unit of them.
  double ns_per_cost_unit = 1;
  // Of a board without an OS; 0: nobody told.
  uint64_t tick_hz = 0;               // Clock of the counter that timed it.
  double median_instructions = 0;     // Of one run, counted by an emulator.
  double cycles_per_instruction = 0;  // Estimated from the code.

  // Kept by the log; ignored by AppendTrial.
  int64_t id = 0;              // From 1.
  std::string workload;        // The task's.
  std::string target;          // The task's.
  std::string space_hash;      // The task's.
  CostStatistics search_cost;  // Of samples_ns.
  CostStatistics final_cost;   // Of all final rounds together.
  double cost_ns = 0;  // What ranks it: the final's median, else the search's; 0 unless kOk.
  double gflops = 0;   // The workload's num_flops / cost_ns; 0 unless kOk.
  uint64_t created_at_ns = 0;
  std::vector<FinalRound> final_rounds;  // In order of round.
  uint64_t num_disturbed = 0;            // Of all_samples: those whose verdict is not kSteady.
  int64_t superseded_by = 0;             // 0: none. `supersedes` itself is not read back.
};

// One timing of the reference kernel.
struct ReferenceRecord {
  std::string device;              // In the log already, or added by its name.
  std::string target;              // Text of a TargetRecord in the log.
  int64_t task_id = 0;             // An existing task.
  std::vector<double> samples_ns;  // On appending: at least one. Not read back.
  double drift = 0;                // From the level before, as a share of it.
  ReferenceVerdict verdict = ReferenceVerdict::kFirst;
  DeviceState after;  // The load average is not kept.

  // Kept by the log; ignored by AppendReference.
  CostStatistics cost;
  uint64_t created_at_ns = 0;
};

// How noisy a device is by its reference timings for one target: MAD / median of their minima.
struct DeviceNoise {
  std::string target;
  uint64_t num_timings = 0;
  double median_ns = 0;
  double noise = 0;
  uint64_t num_drifted = 0;  // Timings that were off by more than the limit.
  uint64_t last_at_ns = 0;
};

// What a device has done by the log.
struct DeviceActivity {
  DeviceRecord device;
  uint64_t num_trials = 0;
  uint64_t num_ok = 0;
  uint64_t num_failed = 0;
  uint64_t num_device_lost = 0;
  uint64_t num_superseded = 0;  // Measured again because the device had drifted.
  uint64_t num_disturbed = 0;   // Trials with samples that a moving clock or throttling disturbed.
  uint64_t num_throttled = 0;
  uint64_t busy_ns = 0;
  uint64_t held_ns = 0;  // Waited for it to cool.
  std::optional<int32_t> max_temperature_millicelsius;
  uint64_t first_trial_at_ns = 0;  // 0: no trial.
  uint64_t last_trial_at_ns = 0;
  std::vector<DeviceNoise> noise;           // One for each target.
  std::vector<ReferenceRecord> references;  // The latest, newest first.
};

// The best trial of a workload on a target.
struct BestRecord {
  std::string workload;
  std::string target;
  int64_t trial_id = 0;
  std::string config;
  uint64_t config_index = 0;
  std::string space_hash;
  CostStatistics cost;  // Of the final rounds where the trial has them, else of the search round.
  bool from_final = false;  // Which of the two.
  double gflops = 0;
  std::string device;
  bool emulated = false;
  CostUnit cost_unit = CostUnit::kNs;  // As in TrialRecord.
  double ns_per_cost_unit = 1;
  KernelRecord kernel;
};

}  // namespace tunefarm::db

#endif  // TUNEFARM_DB_RECORDS_H_
