#include "db/reference_store.h"

#include <cmath>
#include <optional>
#include <vector>

#include "absl/strings/str_format.h"
#include "base/status.h"
#include "db/catalog_store.h"
#include "db/sample_store.h"

namespace tunefarm::db {
namespace {

absl::StatusOr<std::vector<DeviceNoise>> ReadNoise(Connection& connection,
                                                   const std::string& device) {
  TUNEFARM_ASSIGN_OR_RETURN(
      Statement statement,
      connection.Prepare("SELECT target, num_timings, median_ns, noise, num_drifted, last_at_ns "
                         "FROM device_noise WHERE device = :device ORDER BY target"));
  statement.BindText(":device", device);
  std::vector<DeviceNoise> noise;
  while (true) {
    TUNEFARM_ASSIGN_OR_RETURN(const bool has_row, statement.Step());
    if (!has_row) return noise;
    RowReader row(statement);
    DeviceNoise& entry = noise.emplace_back();
    entry.target = row.Text();
    entry.num_timings = row.Count();
    entry.median_ns = row.Real();
    entry.noise = row.Real();
    entry.num_drifted = row.Count();
    entry.last_at_ns = row.Count();
  }
}

absl::StatusOr<ReferenceRecord> ReadReference(const Statement& statement,
                                              const std::string& device) {
  RowReader row(statement);
  ReferenceRecord reference;
  reference.device = device;
  reference.target = row.Text();
  reference.task_id = row.Int();
  reference.cost.min_ns = row.Real();
  reference.cost.median_ns = row.Real();
  reference.cost.mad_ns = row.Real();
  reference.drift = row.Real();
  const std::string verdict = row.Text();
  if (!FromText(verdict, &reference.verdict)) {
    return absl::DataLossError(
        absl::StrFormat("a reference timing of %s has verdict '%s'", device, verdict));
  }
  if (const auto value = row.OptionalInt()) {
    reference.after.cpu_frequency_hz = static_cast<uint64_t>(*value);
  }
  if (const auto value = row.OptionalInt()) {
    reference.after.temperature_millicelsius = static_cast<int32_t>(*value);
  }
  if (const auto value = row.OptionalInt()) reference.after.throttled = *value != 0;
  reference.created_at_ns = row.Count();
  return reference;
}

absl::StatusOr<std::vector<ReferenceRecord>> ReadReferences(Connection& connection,
                                                            const std::string& device,
                                                            uint64_t limit) {
  TUNEFARM_ASSIGN_OR_RETURN(
      Statement statement,
      connection.Prepare(
          "SELECT targets.text, task_id, min_ns, median_ns, mad_ns, drift, verdict, "
          "  cpu_frequency_hz, temperature_millicelsius, throttled, created_at_ns "
          "FROM reference_timings JOIN devices ON devices.id = device_id "
          "JOIN targets ON targets.id = target_id "
          "WHERE devices.name = :device ORDER BY reference_timings.id DESC LIMIT :limit"));
  statement.BindText(":device", device);
  statement.BindInt(":limit", ToLimit(limit));
  std::vector<ReferenceRecord> references;
  while (true) {
    TUNEFARM_ASSIGN_OR_RETURN(const bool has_row, statement.Step());
    if (!has_row) return references;
    TUNEFARM_ASSIGN_OR_RETURN(ReferenceRecord reference, ReadReference(statement, device));
    references.push_back(std::move(reference));
  }
}

// The device's own row and its row of device_activity.
absl::StatusOr<DeviceActivity> ReadCounts(Connection& connection, const std::string& device) {
  TUNEFARM_ASSIGN_OR_RETURN(
      Statement statement,
      connection.Prepare(
          "SELECT devices.model, triple, cpu, num_cores, memory_bytes, devices.emulated, "
          "  agent_version, num_trials, num_ok, num_failed, num_device_lost, num_superseded, "
          "  num_disturbed, num_throttled, busy_ns, held_ns, max_temperature_millicelsius, "
          "  COALESCE(first_trial_at_ns, 0), COALESCE(last_trial_at_ns, 0) "
          "FROM devices JOIN device_activity ON device = devices.name WHERE devices.name = :name"));
  statement.BindText(":name", device);
  TUNEFARM_ASSIGN_OR_RETURN(const bool has_row, statement.Step());
  if (!has_row) {
    return absl::NotFoundError(
        absl::StrFormat("%s: no device named %s", connection.path(), device));
  }
  RowReader row(statement);
  DeviceActivity activity;
  activity.device.name = device;
  activity.device.model = row.Text();
  activity.device.triple = row.Text();
  activity.device.cpu = row.Text();
  activity.device.num_cores = row.Count();
  activity.device.memory_bytes = row.Count();
  activity.device.emulated = row.Bool();
  activity.device.agent_version = row.Text();
  activity.num_trials = row.Count();
  activity.num_ok = row.Count();
  activity.num_failed = row.Count();
  activity.num_device_lost = row.Count();
  activity.num_superseded = row.Count();
  activity.num_disturbed = row.Count();
  activity.num_throttled = row.Count();
  activity.busy_ns = row.Count();
  activity.held_ns = row.Count();
  if (const auto value = row.OptionalInt()) {
    activity.max_temperature_millicelsius = static_cast<int32_t>(*value);
  }
  activity.first_trial_at_ns = row.Count();
  activity.last_trial_at_ns = row.Count();
  return activity;
}

}  // namespace

absl::Status CheckReference(const ReferenceRecord& reference) {
  if (reference.device.empty()) {
    return absl::InvalidArgumentError("a reference timing without device");
  }
  if (!std::isfinite(reference.drift)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("reference timing of %s: drift is not finite", reference.device));
  }
  return base::Annotate(CheckSamples(reference.samples_ns), "reference timing");
}

absl::Status InsertReference(Connection& connection, const ReferenceRecord& reference) {
  TUNEFARM_ASSIGN_OR_RETURN(const int64_t target_id,
                            FindId(connection, "targets", "text", reference.target));
  TUNEFARM_ASSIGN_OR_RETURN(
      const int64_t device_id,
      FindOrAddDevice(connection, reference.device, false, reference.created_at_ns));
  TUNEFARM_ASSIGN_OR_RETURN(
      Statement statement,
      connection.Prepare(
          "INSERT INTO reference_timings (device_id, target_id, task_id, min_ns, median_ns, "
          "  mad_ns, drift, verdict, cpu_frequency_hz, temperature_millicelsius, throttled, "
          "  created_at_ns) "
          "VALUES (:device_id, :target_id, :task_id, :min_ns, :median_ns, :mad_ns, :drift, "
          "  :verdict, :cpu_frequency_hz, :temperature_millicelsius, :throttled, "
          "  :created_at_ns)"));
  const CostStatistics cost = Summarize(reference.samples_ns);
  statement.BindInt(":device_id", device_id);
  statement.BindInt(":target_id", target_id);
  statement.BindInt(":task_id", reference.task_id);
  statement.BindReal(":min_ns", cost.min_ns);
  statement.BindReal(":median_ns", cost.median_ns);
  statement.BindReal(":mad_ns", cost.mad_ns);
  statement.BindReal(":drift", reference.drift);
  statement.BindText(":verdict", ToText(reference.verdict));
  statement.BindInt(":cpu_frequency_hz", std::optional<int64_t>(reference.after.cpu_frequency_hz));
  statement.BindInt(":temperature_millicelsius",
                    std::optional<int64_t>(reference.after.temperature_millicelsius));
  statement.BindInt(":throttled", std::optional<int64_t>(reference.after.throttled));
  statement.BindInt(":created_at_ns", static_cast<int64_t>(reference.created_at_ns));
  return statement.Run();
}

absl::StatusOr<DeviceActivity> ReadActivity(Connection& connection, const std::string& device,
                                            uint64_t num_references) {
  TUNEFARM_ASSIGN_OR_RETURN(DeviceActivity activity, ReadCounts(connection, device));
  TUNEFARM_ASSIGN_OR_RETURN(activity.noise, ReadNoise(connection, device));
  TUNEFARM_ASSIGN_OR_RETURN(activity.references,
                            ReadReferences(connection, device, num_references));
  return activity;
}

}  // namespace tunefarm::db
