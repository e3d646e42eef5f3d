#include "db/catalog_store.h"

#include <algorithm>
#include <limits>

#include "absl/strings/str_format.h"
#include "base/status.h"

namespace tunefarm::db {
namespace {

absl::Status CheckNamed(const char* what, const std::string& name) {
  if (!name.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrFormat("%s is empty", what));
}

}  // namespace

absl::StatusOr<int64_t> ToInt64(const char* what, uint64_t value) {
  constexpr uint64_t kMax = std::numeric_limits<int64_t>::max();
  if (value > kMax) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%s %d exceeds %d, the most a log can hold", what, value, kMax));
  }
  return static_cast<int64_t>(value);
}

int64_t ToLimit(uint64_t limit) {
  return static_cast<int64_t>(std::min<uint64_t>(limit, std::numeric_limits<int64_t>::max()));
}

absl::StatusOr<int64_t> FindId(Connection& connection, const std::string& table,
                               const std::string& column, const std::string& value) {
  TUNEFARM_ASSIGN_OR_RETURN(
      Statement statement,
      connection.Prepare(absl::StrFormat("SELECT id FROM %s WHERE %s = :value", table, column)));
  statement.BindText(":value", value);
  TUNEFARM_ASSIGN_OR_RETURN(const bool row, statement.Step());
  if (row) return statement.Int(0);
  return absl::NotFoundError(
      absl::StrFormat("%s: no row in %s with %s '%s'", connection.path(), table, column, value));
}

absl::Status UpsertWorkload(Connection& connection, const WorkloadRecord& workload) {
  TUNEFARM_RETURN_IF_ERROR(CheckNamed("workload key", workload.key));
  TUNEFARM_ASSIGN_OR_RETURN(const int64_t num_flops,
                            ToInt64("workload num_flops", workload.num_flops));
  TUNEFARM_ASSIGN_OR_RETURN(
      Statement statement,
      connection.Prepare("INSERT INTO workloads (key, num_flops) VALUES (:key, :num_flops) "
                         "ON CONFLICT (key) DO UPDATE SET num_flops = excluded.num_flops"));
  statement.BindText(":key", workload.key);
  statement.BindInt(":num_flops", num_flops);
  return statement.Run();
}

absl::Status UpsertTarget(Connection& connection, const TargetRecord& target) {
  TUNEFARM_RETURN_IF_ERROR(CheckNamed("target text", target.text));
  TUNEFARM_ASSIGN_OR_RETURN(
      Statement statement,
      connection.Prepare("INSERT INTO targets (text, name) VALUES (:text, :name) "
                         "ON CONFLICT (text) DO UPDATE SET name = excluded.name"));
  statement.BindText(":text", target.text);
  statement.BindText(":name", target.name);
  return statement.Run();
}

absl::Status UpsertSpace(Connection& connection, const SpaceRecord& space) {
  TUNEFARM_RETURN_IF_ERROR(CheckNamed("space hash", space.hash));
  TUNEFARM_ASSIGN_OR_RETURN(const int64_t num_configs,
                            ToInt64("space num_configs", space.num_configs));
  TUNEFARM_ASSIGN_OR_RETURN(
      Statement statement,
      connection.Prepare("INSERT INTO spaces (hash, template, num_configs, text) "
                         "VALUES (:hash, :template, :num_configs, :text) "
                         "ON CONFLICT (hash) DO NOTHING"));
  statement.BindText(":hash", space.hash);
  statement.BindText(":template", space.template_name);
  statement.BindInt(":num_configs", num_configs);
  statement.BindText(":text", space.text);
  return statement.Run();
}

absl::Status UpsertToolchain(Connection& connection, const std::string& text) {
  TUNEFARM_RETURN_IF_ERROR(CheckNamed("toolchain text", text));
  TUNEFARM_ASSIGN_OR_RETURN(Statement statement,
                            connection.Prepare("INSERT INTO toolchains (text) VALUES (:text) "
                                               "ON CONFLICT (text) DO NOTHING"));
  statement.BindText(":text", text);
  return statement.Run();
}

absl::Status UpsertDevice(Connection& connection, const DeviceRecord& device, uint64_t now_ns) {
  TUNEFARM_RETURN_IF_ERROR(CheckNamed("device name", device.name));
  TUNEFARM_ASSIGN_OR_RETURN(const int64_t num_cores, ToInt64("num_cores", device.num_cores));
  TUNEFARM_ASSIGN_OR_RETURN(const int64_t memory_bytes,
                            ToInt64("memory_bytes", device.memory_bytes));
  TUNEFARM_ASSIGN_OR_RETURN(const int64_t now, ToInt64("time", now_ns));
  TUNEFARM_ASSIGN_OR_RETURN(
      Statement statement,
      connection.Prepare(
          "INSERT INTO devices (name, model, triple, cpu, num_cores, memory_bytes, emulated, "
          "  agent_version, first_seen_at_ns, described_at_ns) "
          "VALUES (:name, :model, :triple, :cpu, :num_cores, :memory_bytes, :emulated, "
          "  :agent_version, :now, :now) "
          "ON CONFLICT (name) DO UPDATE SET model = excluded.model, triple = excluded.triple, "
          "  cpu = excluded.cpu, num_cores = excluded.num_cores, "
          "  memory_bytes = excluded.memory_bytes, emulated = excluded.emulated, "
          "  agent_version = excluded.agent_version, "
          "  described_at_ns = excluded.described_at_ns"));
  statement.BindText(":name", device.name);
  statement.BindText(":model", device.model);
  statement.BindText(":triple", device.triple);
  statement.BindText(":cpu", device.cpu);
  statement.BindInt(":num_cores", num_cores);
  statement.BindInt(":memory_bytes", memory_bytes);
  statement.BindInt(":emulated", int64_t{device.emulated});
  statement.BindText(":agent_version", device.agent_version);
  statement.BindInt(":now", now);
  return statement.Run();
}

absl::StatusOr<int64_t> FindOrAddDevice(Connection& connection, const std::string& name,
                                        bool emulated, uint64_t now_ns) {
  TUNEFARM_ASSIGN_OR_RETURN(
      Statement statement,
      connection.Prepare("INSERT INTO devices (name, emulated, first_seen_at_ns, described_at_ns) "
                         "VALUES (:name, :emulated, :now, :now) ON CONFLICT (name) DO NOTHING"));
  statement.BindText(":name", name);
  statement.BindInt(":emulated", int64_t{emulated});
  statement.BindInt(":now", static_cast<int64_t>(now_ns));
  TUNEFARM_RETURN_IF_ERROR(statement.Run());
  return FindId(connection, "devices", "name", name);
}

}  // namespace tunefarm::db
