#include "db/trial_store.h"

#include <cmath>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "base/status.h"
#include "db/catalog_store.h"
#include "db/sample_store.h"

namespace tunefarm::db {
namespace {

constexpr uint32_t kSearchRound = 0;

struct TaskIds {
  int64_t workload_id;
  int64_t target_id;
  int64_t toolchain_id;
};

absl::StatusOr<TaskIds> ReadTaskIds(Connection& connection, int64_t task_id) {
  TUNEFARM_ASSIGN_OR_RETURN(
      Statement statement,
      connection.Prepare("SELECT workload_id, target_id, toolchain_id FROM tasks WHERE id = :id"));
  statement.BindInt(":id", task_id);
  TUNEFARM_ASSIGN_OR_RETURN(const bool row, statement.Step());
  if (!row) {
    return absl::NotFoundError(absl::StrFormat("%s: no task %d", connection.path(), task_id));
  }
  return TaskIds{statement.Int(0), statement.Int(1), statement.Int(2)};
}

absl::StatusOr<int64_t> UpsertKernel(Connection& connection, const KernelRecord& kernel,
                                     int64_t task_toolchain_id) {
  int64_t toolchain_id = task_toolchain_id;
  if (!kernel.toolchain.empty()) {
    TUNEFARM_RETURN_IF_ERROR(UpsertToolchain(connection, kernel.toolchain));
    TUNEFARM_ASSIGN_OR_RETURN(toolchain_id,
                              FindId(connection, "toolchains", "text", kernel.toolchain));
  }
  TUNEFARM_ASSIGN_OR_RETURN(
      Statement insert,
      connection.Prepare("INSERT INTO kernels (digest, toolchain_id, text_hash, num_bytes) "
                         "VALUES (:digest, :toolchain_id, :text_hash, :num_bytes) "
                         "ON CONFLICT (digest, toolchain_id) DO NOTHING"));
  insert.BindText(":digest", kernel.digest);
  insert.BindInt(":toolchain_id", toolchain_id);
  insert.BindText(":text_hash", kernel.text_hash);
  insert.BindInt(":num_bytes", static_cast<int64_t>(kernel.num_bytes));
  TUNEFARM_RETURN_IF_ERROR(insert.Run());
  TUNEFARM_ASSIGN_OR_RETURN(Statement select,
                            connection.Prepare("SELECT id FROM kernels WHERE digest = :digest AND "
                                               "toolchain_id = :toolchain_id"));
  select.BindText(":digest", kernel.digest);
  select.BindInt(":toolchain_id", toolchain_id);
  TUNEFARM_ASSIGN_OR_RETURN(const bool row, select.Step());
  TUNEFARM_CHECK(row, "a kernel is gone right after its insert");
  return select.Int(0);
}

void BindDeviceState(Statement& statement, const std::string& when, const DeviceState& state) {
  const auto name = [&](const char* field) { return ":" + when + field; };
  statement.BindInt(name("_cpu_frequency_hz").c_str(),
                    std::optional<int64_t>(state.cpu_frequency_hz));
  statement.BindInt(name("_temperature_millicelsius").c_str(),
                    std::optional<int64_t>(state.temperature_millicelsius));
  statement.BindInt(name("_throttled").c_str(), std::optional<int64_t>(state.throttled));
  statement.BindReal(name("_load_average").c_str(), state.load_average);
}

constexpr char kInsertTrial[] =
    "INSERT INTO trials (id, trial_key, task_id, workload_id, target_id, config, config_index, "
    "  proposed_by, predicted_score, kernel_id, device_id, emulated, outcome, phase, error, "
    "  num_samples, cost_median_ns, mad_ns, min_ns, gflops, runs_per_sample, cut, build_ns, "
    "  run_wall_ns, before_cpu_frequency_hz, before_temperature_millicelsius, before_throttled, "
    "  before_load_average, after_cpu_frequency_hz, after_temperature_millicelsius, "
    "  after_throttled, after_load_average, created_at_ns, num_disturbed, unsteady, held_ns, "
    "  cost_unit, ns_per_cost_unit, tick_hz, median_instructions, cycles_per_instruction) "
    "VALUES (:id, :trial_key, :task_id, :workload_id, :target_id, :config, :config_index, "
    "  :proposed_by, :predicted_score, :kernel_id, :device_id, :emulated, :outcome, :phase, "
    "  :error, :num_samples, :cost_median_ns, :mad_ns, :min_ns, "
    "  (SELECT num_flops / :cost_median_ns FROM workloads WHERE workloads.id = :workload_id), "
    "  :runs_per_sample, :cut, :build_ns, :run_wall_ns, :before_cpu_frequency_hz, "
    "  :before_temperature_millicelsius, :before_throttled, :before_load_average, "
    "  :after_cpu_frequency_hz, :after_temperature_millicelsius, :after_throttled, "
    "  :after_load_average, :created_at_ns, :num_disturbed, :unsteady, :held_ns, :cost_unit, "
    "  :ns_per_cost_unit, :tick_hz, :median_instructions, :cycles_per_instruction)";

void BindTrial(Statement& statement, const TrialRecord& trial) {
  statement.BindText(":trial_key", trial.trial_key);
  statement.BindInt(":task_id", trial.task_id);
  statement.BindText(":config", trial.config);
  statement.BindInt(":config_index", static_cast<int64_t>(trial.config_index));
  statement.BindText(":proposed_by", ToText(trial.proposed_by));
  statement.BindReal(":predicted_score", trial.predicted_score);
  statement.BindInt(":emulated", int64_t{trial.emulated});
  statement.BindText(":outcome", ToText(trial.outcome));
  statement.BindText(":phase", trial.phase);
  statement.BindText(":error", trial.error);
  statement.BindInt(":num_samples", static_cast<int64_t>(trial.samples_ns.size()));
  statement.BindInt(":runs_per_sample", static_cast<int64_t>(trial.runs_per_sample));
  statement.BindInt(":cut", int64_t{trial.cut});
  statement.BindInt(":build_ns", static_cast<int64_t>(trial.build_ns));
  statement.BindInt(":run_wall_ns", static_cast<int64_t>(trial.run_wall_ns));
  BindDeviceState(statement, "before", trial.before);
  BindDeviceState(statement, "after", trial.after);
  statement.BindInt(":created_at_ns", static_cast<int64_t>(trial.created_at_ns));
  statement.BindInt(":num_disturbed", static_cast<int64_t>(NumDisturbed(trial.all_samples)));
  statement.BindInt(":unsteady", int64_t{trial.unsteady});
  statement.BindInt(":held_ns", static_cast<int64_t>(trial.held_ns));
  statement.BindText(":cost_unit", ToText(trial.cost_unit));
  statement.BindReal(":ns_per_cost_unit", trial.ns_per_cost_unit);
  // Zero stands for unknown here, NULL in the log.
  const auto known = [](double value) {
    return value > 0 ? std::optional<double>(value) : std::nullopt;
  };
  statement.BindInt(":tick_hz", trial.tick_hz > 0
                                    ? std::optional<int64_t>(static_cast<int64_t>(trial.tick_hz))
                                    : std::nullopt);
  statement.BindReal(":median_instructions", known(trial.median_instructions));
  statement.BindReal(":cycles_per_instruction", known(trial.cycles_per_instruction));
  // Otherwise unbound, thus NULL.
  if (trial.outcome == Outcome::kOk) {
    const CostStatistics cost = Summarize(trial.samples_ns);
    statement.BindReal(":cost_median_ns", cost.median_ns);
    statement.BindReal(":mad_ns", cost.mad_ns);
    statement.BindReal(":min_ns", cost.min_ns);
  }
}

absl::Status MarkSuperseded(Connection& connection, int64_t id, const TrialRecord& trial) {
  TUNEFARM_ASSIGN_OR_RETURN(Statement statement,
                            connection.Prepare("UPDATE trials SET superseded_by = :id "
                                               "WHERE id = :old AND task_id = :task_id"));
  statement.BindInt(":id", id);
  statement.BindInt(":old", trial.supersedes);
  statement.BindInt(":task_id", trial.task_id);
  return statement.Run();
}

absl::Status Invalid(const TrialRecord& trial, const std::string& what) {
  return absl::InvalidArgumentError(absl::StrFormat("trial '%s': %s", trial.trial_key, what));
}

absl::Status CheckDeviceState(const DeviceState& state) {
  if (state.load_average && !std::isfinite(*state.load_average)) {
    return absl::InvalidArgumentError("load_average is not finite");
  }
  return ToInt64("cpu_frequency_hz", state.cpu_frequency_hz.value_or(0)).status();
}

}  // namespace

absl::Status CheckTrial(const TrialRecord& trial) {
  if (trial.trial_key.empty()) return absl::InvalidArgumentError("a trial without trial_key");
  if (trial.outcome == Outcome::kOk) {
    const absl::Status samples = CheckSamples(trial.samples_ns, trial.all_samples);
    if (!samples.ok()) return Invalid(trial, std::string(samples.message()));
    if (!trial.kernel || trial.device.empty()) return Invalid(trial, "ok needs kernel and device");
  } else if (!trial.samples_ns.empty() || !trial.all_samples.empty()) {
    return Invalid(trial, absl::StrFormat("%d samples beside outcome %s",
                                          trial.samples_ns.size() + trial.all_samples.size(),
                                          ToText(trial.outcome)));
  }
  if (trial.kernel && trial.kernel->digest.empty()) return Invalid(trial, "kernel without digest");
  if (trial.predicted_score && !std::isfinite(*trial.predicted_score)) {
    return Invalid(trial, "predicted_score is not finite");
  }
  if (!std::isfinite(trial.ns_per_cost_unit) || trial.ns_per_cost_unit <= 0 ||
      !std::isfinite(trial.median_instructions) || !std::isfinite(trial.cycles_per_instruction)) {
    return Invalid(trial, "ns_per_cost_unit is not above 0, or a figure is not finite");
  }
  const std::pair<const char*, uint64_t> counts[] = {
      {"config_index", trial.config_index},
      {"runs_per_sample", trial.runs_per_sample},
      {"build_ns", trial.build_ns},
      {"run_wall_ns", trial.run_wall_ns},
      {"held_ns", trial.held_ns},
      {"tick_hz", trial.tick_hz},
      {"kernel num_bytes", trial.kernel ? trial.kernel->num_bytes : 0},
  };
  for (const auto& [name, value] : counts) {
    const absl::Status status = ToInt64(name, value).status();
    if (!status.ok()) return Invalid(trial, std::string(status.message()));
  }
  for (const DeviceState* state : {&trial.before, &trial.after}) {
    const absl::Status status = CheckDeviceState(*state);
    if (!status.ok()) return Invalid(trial, std::string(status.message()));
  }
  return absl::OkStatus();
}

absl::Status InsertTrial(Connection& connection, int64_t id, const TrialRecord& trial) {
  TUNEFARM_ASSIGN_OR_RETURN(const TaskIds task, ReadTaskIds(connection, trial.task_id));
  std::optional<int64_t> kernel_id;
  std::optional<int64_t> device_id;
  if (trial.kernel) {
    TUNEFARM_ASSIGN_OR_RETURN(kernel_id,
                              UpsertKernel(connection, *trial.kernel, task.toolchain_id));
  }
  if (!trial.device.empty()) {
    TUNEFARM_ASSIGN_OR_RETURN(
        device_id, FindOrAddDevice(connection, trial.device, trial.emulated, trial.created_at_ns));
  }
  TUNEFARM_ASSIGN_OR_RETURN(Statement statement, connection.Prepare(kInsertTrial));
  statement.BindInt(":id", id);
  statement.BindInt(":workload_id", task.workload_id);
  statement.BindInt(":target_id", task.target_id);
  statement.BindInt(":kernel_id", kernel_id);
  statement.BindInt(":device_id", device_id);
  BindTrial(statement, trial);
  TUNEFARM_RETURN_IF_ERROR(statement.Run());
  if (trial.supersedes != 0) TUNEFARM_RETURN_IF_ERROR(MarkSuperseded(connection, id, trial));
  return InsertSamples(connection, id, kSearchRound, trial.samples_ns, trial.all_samples);
}

absl::Status InsertFinalRound(Connection& connection, int64_t trial_id,
                              const FinalRound& final_round) {
  TUNEFARM_RETURN_IF_ERROR(InsertSamples(connection, trial_id, final_round.round,
                                         final_round.samples_ns, final_round.all_samples));
  TUNEFARM_ASSIGN_OR_RETURN(const std::vector<double> samples_ns,
                            ReadFinalSamples(connection, trial_id));
  const CostStatistics cost = Summarize(samples_ns);
  TUNEFARM_ASSIGN_OR_RETURN(
      Statement statement,
      connection.Prepare(
          "UPDATE trials SET num_final_samples = :num_samples, final_median_ns = :median_ns, "
          "  final_mad_ns = :mad_ns, final_min_ns = :min_ns, "
          "  gflops = (SELECT num_flops / :median_ns FROM workloads WHERE id = workload_id) "
          "WHERE id = :id"));
  statement.BindInt(":id", trial_id);
  statement.BindInt(":num_samples", static_cast<int64_t>(cost.num_samples));
  statement.BindReal(":median_ns", cost.median_ns);
  statement.BindReal(":mad_ns", cost.mad_ns);
  statement.BindReal(":min_ns", cost.min_ns);
  return statement.Run();
}

absl::StatusOr<int64_t> ReadLastTrialId(Connection& connection) {
  return connection.QueryInt("SELECT COALESCE(MAX(id), 0) FROM trials");
}

absl::Status CheckNewTrialKey(Connection& connection, const std::string& trial_key) {
  const absl::StatusOr<int64_t> id = FindId(connection, "trials", "trial_key", trial_key);
  if (absl::IsNotFound(id.status())) return absl::OkStatus();
  TUNEFARM_RETURN_IF_ERROR(id.status());
  return absl::AlreadyExistsError(
      absl::StrFormat("trial key '%s' is already trial %d", trial_key, *id));
}

absl::Status CheckTaskExists(Connection& connection, int64_t task_id) {
  return ReadTaskIds(connection, task_id).status();
}

absl::Status CheckTrialIsOk(Connection& connection, int64_t trial_id) {
  TUNEFARM_ASSIGN_OR_RETURN(Statement statement,
                            connection.Prepare("SELECT outcome FROM trials WHERE id = :id"));
  statement.BindInt(":id", trial_id);
  TUNEFARM_ASSIGN_OR_RETURN(const bool row, statement.Step());
  if (!row) {
    return absl::NotFoundError(absl::StrFormat("%s: no trial %d", connection.path(), trial_id));
  }
  if (statement.Text(0) == ToText(Outcome::kOk)) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrFormat(
      "trial %d takes no final samples: its outcome is %s", trial_id, statement.Text(0)));
}

absl::Status CheckNewRound(Connection& connection, int64_t trial_id, uint32_t round) {
  TUNEFARM_ASSIGN_OR_RETURN(Statement statement,
                            connection.Prepare("SELECT 1 FROM samples WHERE trial_id = :id AND "
                                               "round = :round LIMIT 1"));
  statement.BindInt(":id", trial_id);
  statement.BindInt(":round", int64_t{round});
  TUNEFARM_ASSIGN_OR_RETURN(const bool row, statement.Step());
  if (!row) return absl::OkStatus();
  return absl::AlreadyExistsError(
      absl::StrFormat("trial %d already has samples of round %d", trial_id, round));
}

}  // namespace tunefarm::db
