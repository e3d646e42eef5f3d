// A task as people ask for it, as it travels and as the log keeps it.
#ifndef TUNEFARM_TUNER_SERVICE_TASK_RECORDS_H_
#define TUNEFARM_TUNER_SERVICE_TASK_RECORDS_H_

#include "absl/status/statusor.h"
#include "db/tuning_log.h"
#include "tunefarm/v1/tuner.pb.h"
#include "tuner/session/session.h"

namespace tunefarm::tuner {

// What a person asked for, checked: workload and target become canonical. Errors: kInvalidArgument
// (workload, target, strategy, budget: says which).
absl::StatusOr<SessionSpec> CheckSpec(const SessionSpec& spec);

// As it travels, unchecked, and back.
v1::TaskSpec ToProto(const SessionSpec& spec);
// Errors: kInvalidArgument (the objective).
absl::StatusOr<SessionSpec> FromProto(const v1::TaskSpec& spec);

// What a task that the log holds is run with; stopped, it stays open.
SessionSpec ToSessionSpec(const db::TaskRecord& record);

v1::TaskEntry ToEntry(const db::TaskRecord& record);

}  // namespace tunefarm::tuner

#endif  // TUNEFARM_TUNER_SERVICE_TASK_RECORDS_H_
