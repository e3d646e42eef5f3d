#include "db/trial_query.h"

#include <utility>

#include "absl/strings/str_format.h"
#include "base/status.h"
#include "db/catalog_store.h"
#include "db/sample_store.h"

namespace tunefarm::db {
namespace {

// Read back by ReadRow in this order.
constexpr char kColumns[] =
    " trial_id, trial_key, task_id, workload, target, space_hash, config, config_index, "
    "proposed_by, predicted_score, kernel_digest, kernel_text_hash, kernel_num_bytes, toolchain, "
    "device, emulated, outcome, phase, error, num_samples, cost_median_ns, mad_ns, min_ns, "
    "num_final_samples, final_median_ns, final_mad_ns, final_min_ns, cost_ns, gflops, "
    "runs_per_sample, cut, build_ns, run_wall_ns, before_cpu_frequency_hz, "
    "before_temperature_millicelsius, before_throttled, before_load_average, "
    "after_cpu_frequency_hz, after_temperature_millicelsius, after_throttled, after_load_average, "
    "created_at_ns, num_disturbed, unsteady, held_ns, superseded_by, cost_unit, "
    "ns_per_cost_unit, tick_hz, median_instructions, cycles_per_instruction ";

DeviceState ReadDeviceState(RowReader& row) {
  DeviceState state;
  if (const auto value = row.OptionalInt()) state.cpu_frequency_hz = static_cast<uint64_t>(*value);
  if (const auto value = row.OptionalInt()) {
    state.temperature_millicelsius = static_cast<int32_t>(*value);
  }
  if (const auto value = row.OptionalInt()) state.throttled = *value != 0;
  state.load_average = row.OptionalReal();
  return state;
}

CostStatistics ReadCost(RowReader& row) {
  CostStatistics cost;
  cost.num_samples = row.Count();
  cost.median_ns = row.Real();
  cost.mad_ns = row.Real();
  cost.min_ns = row.Real();
  return cost;
}

KernelRecord ReadKernel(RowReader& row) {
  KernelRecord kernel;
  kernel.digest = row.Text();
  kernel.text_hash = row.Text();
  kernel.num_bytes = row.Count();
  kernel.toolchain = row.Text();
  return kernel;
}

absl::StatusOr<TrialRecord> ReadRow(const Statement& statement) {
  RowReader row(statement);
  TrialRecord trial;
  trial.id = row.Int();
  trial.trial_key = row.Text();
  trial.task_id = row.Int();
  trial.workload = row.Text();
  trial.target = row.Text();
  trial.space_hash = row.Text();
  trial.config = row.Text();
  trial.config_index = row.Count();
  const std::string proposed_by = row.Text();
  trial.predicted_score = row.OptionalReal();
  KernelRecord kernel = ReadKernel(row);
  if (!kernel.digest.empty()) trial.kernel = std::move(kernel);
  trial.device = row.Text();
  trial.emulated = row.Bool();
  const std::string outcome = row.Text();
  if (!FromText(proposed_by, &trial.proposed_by) || !FromText(outcome, &trial.outcome)) {
    return absl::DataLossError(absl::StrFormat("trial %d has outcome '%s', proposed_by '%s'",
                                               trial.id, outcome, proposed_by));
  }
  trial.phase = row.Text();
  trial.error = row.Text();
  trial.search_cost = ReadCost(row);
  trial.final_cost = ReadCost(row);
  trial.cost_ns = row.Real();
  trial.gflops = row.Real();
  trial.runs_per_sample = row.Count();
  trial.cut = row.Bool();
  trial.build_ns = row.Count();
  trial.run_wall_ns = row.Count();
  trial.before = ReadDeviceState(row);
  trial.after = ReadDeviceState(row);
  trial.created_at_ns = row.Count();
  trial.num_disturbed = row.Count();
  trial.unsteady = row.Bool();
  trial.held_ns = row.Count();
  trial.superseded_by = row.OptionalInt().value_or(0);
  const std::string cost_unit = row.Text();
  if (!FromText(cost_unit, &trial.cost_unit)) {
    return absl::DataLossError(absl::StrFormat("trial %d has cost_unit '%s'", trial.id, cost_unit));
  }
  trial.ns_per_cost_unit = row.Real();
  trial.tick_hz = static_cast<uint64_t>(row.OptionalInt().value_or(0));
  trial.median_instructions = row.OptionalReal().value_or(0);
  trial.cycles_per_instruction = row.OptionalReal().value_or(0);
  return trial;
}

absl::StatusOr<std::vector<TrialRecord>> ReadRows(Statement& statement) {
  std::vector<TrialRecord> trials;
  while (true) {
    TUNEFARM_ASSIGN_OR_RETURN(const bool row, statement.Step());
    if (!row) return trials;
    TUNEFARM_ASSIGN_OR_RETURN(TrialRecord trial, ReadRow(statement));
    trials.push_back(std::move(trial));
  }
}

absl::StatusOr<Statement> PrepareSelect(Connection& connection, const std::string& rest) {
  return connection.Prepare(absl::StrFormat("SELECT%sFROM trial_details %s", kColumns, rest));
}

}  // namespace

absl::StatusOr<TrialRecord> ReadTrial(Connection& connection, int64_t trial_id) {
  TUNEFARM_ASSIGN_OR_RETURN(Statement statement, PrepareSelect(connection, "WHERE trial_id = :id"));
  statement.BindInt(":id", trial_id);
  TUNEFARM_ASSIGN_OR_RETURN(const bool row, statement.Step());
  if (!row) {
    return absl::NotFoundError(absl::StrFormat("%s: no trial %d", connection.path(), trial_id));
  }
  TUNEFARM_ASSIGN_OR_RETURN(TrialRecord trial, ReadRow(statement));
  TUNEFARM_RETURN_IF_ERROR(ReadSamples(connection, &trial));
  return trial;
}

absl::StatusOr<std::vector<TrialRecord>> ReadTrialsOfTask(Connection& connection, int64_t task_id) {
  TUNEFARM_ASSIGN_OR_RETURN(
      Statement statement, PrepareSelect(connection, "WHERE task_id = :task_id ORDER BY trial_id"));
  statement.BindInt(":task_id", task_id);
  return ReadRows(statement);
}

absl::StatusOr<std::vector<TrialRecord>> ReadTrialsFor(Connection& connection,
                                                       const std::string& workload,
                                                       const std::string& target, uint64_t limit) {
  TUNEFARM_ASSIGN_OR_RETURN(Statement statement,
                            PrepareSelect(connection,
                                          "WHERE workload = :workload AND target = :target "
                                          "ORDER BY trial_id DESC LIMIT :limit"));
  statement.BindText(":workload", workload);
  statement.BindText(":target", target);
  statement.BindInt(":limit", ToLimit(limit));
  return ReadRows(statement);
}

absl::StatusOr<std::vector<TrialRecord>> ReadNearestTrials(Connection& connection,
                                                           const std::string& template_prefix,
                                                           uint64_t limit_per_task) {
  TUNEFARM_ASSIGN_OR_RETURN(
      Statement statement,
      PrepareSelect(connection,
                    "WHERE trial_id IN ("
                    "  SELECT id FROM ("
                    "    SELECT trials.id, ROW_NUMBER() OVER ("
                    "      PARTITION BY task_id ORDER BY cost_ns, trials.id) AS place "
                    "    FROM trials JOIN tasks ON tasks.id = task_id "
                    "    JOIN spaces ON spaces.id = space_id "
                    "    WHERE outcome = 'ok' AND superseded_by IS NULL "
                    "      AND substr(template, 1, length(:prefix)) = :prefix) "
                    "  WHERE place <= :limit) "
                    "ORDER BY task_id, cost_ns, trial_id"));
  statement.BindText(":prefix", template_prefix);
  statement.BindInt(":limit", ToLimit(limit_per_task));
  return ReadRows(statement);
}

absl::StatusOr<BestRecord> ReadBest(Connection& connection, const std::string& workload,
                                    const std::string& target, bool include_emulated) {
  // Hardware first: an emulator's timing stands only where there is no other. Of two emulated
  // ones the estimated cycles: they are the nearer to time.
  TUNEFARM_ASSIGN_OR_RETURN(
      Statement statement,
      connection.Prepare("SELECT trial_id, config, config_index, space_hash, from_final, gflops, "
                         "  device, emulated, num_samples, cost_median_ns, mad_ns, min_ns, "
                         "  kernel_digest, kernel_text_hash, kernel_num_bytes, toolchain, "
                         "  cost_unit, ns_per_cost_unit "
                         "FROM best_by_workload WHERE workload = :workload AND target = :target "
                         "  AND emulated <= :most_emulated "
                         "ORDER BY emulated, cost_unit = 'instructions', cost_unit LIMIT 1"));
  statement.BindText(":workload", workload);
  statement.BindText(":target", target);
  statement.BindInt(":most_emulated", int64_t{include_emulated});
  TUNEFARM_ASSIGN_OR_RETURN(const bool has_row, statement.Step());
  if (!has_row) {
    return absl::NotFoundError(absl::StrFormat("%s: no %s trial of %s on %s", connection.path(),
                                               include_emulated ? "ok" : "ok hardware", workload,
                                               target));
  }
  RowReader row(statement);
  BestRecord best;
  best.workload = workload;
  best.target = target;
  best.trial_id = row.Int();
  best.config = row.Text();
  best.config_index = row.Count();
  best.space_hash = row.Text();
  best.from_final = row.Bool();
  best.gflops = row.Real();
  best.device = row.Text();
  best.emulated = row.Bool();
  best.cost = ReadCost(row);
  best.kernel = ReadKernel(row);
  const std::string cost_unit = row.Text();
  if (!FromText(cost_unit, &best.cost_unit)) {
    return absl::DataLossError(
        absl::StrFormat("trial %d has cost_unit '%s'", best.trial_id, cost_unit));
  }
  best.ns_per_cost_unit = row.Real();
  return best;
}

}  // namespace tunefarm::db
