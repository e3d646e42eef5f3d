#include "tuner/service/task_records.h"

#include "absl/strings/str_format.h"
#include "base/status.h"
#include "tuner/session/task_setup.h"

namespace tunefarm::tuner {
namespace {

constexpr uint32_t kMaxTrials = 10000000;

}  // namespace

absl::StatusOr<SessionSpec> CheckSpec(const SessionSpec& spec) {
  TUNEFARM_ASSIGN_OR_RETURN(const TaskSetup task, SetUpTask(spec.workload, spec.target));
  if (spec.strategy != "xgb" && spec.strategy != "random" && spec.strategy != "grid") {
    return absl::InvalidArgumentError(
        absl::StrFormat("strategy '%s' is not one of xgb, random, grid", spec.strategy));
  }
  if (spec.max_trials < 1 || spec.max_trials > kMaxTrials) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%d trials: must be 1 to %d", spec.max_trials, kMaxTrials));
  }
  if (!(spec.max_seconds >= 0 && spec.max_seconds < 1e9)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%g seconds: must be 0 (no limit) to 1e9", spec.max_seconds));
  }
  SessionSpec checked = spec;
  checked.workload = task.workload_key;
  checked.target = task.target_text;
  return checked;
}

v1::TaskSpec ToProto(const SessionSpec& spec) {
  v1::TaskSpec proto;
  proto.set_workload(spec.workload);
  proto.set_target(spec.target);
  proto.set_max_trials(spec.max_trials);
  proto.set_max_seconds(spec.max_seconds);
  proto.set_seed(spec.seed);
  proto.set_strategy(spec.strategy);
  proto.set_owner(spec.owner);
  proto.set_objective(Name(spec.objective));
  return proto;
}

absl::StatusOr<SessionSpec> FromProto(const v1::TaskSpec& proto) {
  SessionSpec spec;
  if (!proto.objective().empty()) {
    TUNEFARM_ASSIGN_OR_RETURN(spec.objective, ParseObjective(proto.objective()));
  }
  spec.workload = proto.workload();
  spec.target = proto.target();
  spec.max_trials = proto.max_trials();
  spec.max_seconds = proto.max_seconds();
  spec.seed = proto.seed();
  spec.strategy = proto.strategy();
  spec.owner = proto.owner();
  return spec;
}

SessionSpec ToSessionSpec(const db::TaskRecord& record) {
  SessionSpec spec;
  spec.workload = record.workload;
  spec.target = record.target;
  spec.strategy = record.strategy;
  spec.max_trials = static_cast<uint32_t>(record.max_trials);
  spec.max_seconds = record.max_seconds;
  spec.seed = record.seed;
  spec.owner = record.owner;
  spec.objective = record.objective == db::CostUnit::kEstimatedCycles ? Objective::kEstimatedCycles
                                                                      : Objective::kInstructions;
  spec.task_id = record.id;
  spec.leave_open_when_stopped = true;
  return spec;
}

v1::TaskEntry ToEntry(const db::TaskRecord& record) {
  v1::TaskEntry entry;
  entry.set_task_id(static_cast<uint64_t>(record.id));
  *entry.mutable_spec() = ToProto(ToSessionSpec(record));
  entry.set_state(db::ToText(record.state));
  entry.set_num_trials(static_cast<uint32_t>(record.num_trials));
  return entry;
}

}  // namespace tunefarm::tuner
