// The answer to `query best`, the same on the command line and from the daemon: the best schedule
// of the log, or the template's analytic default where nothing has been measured.
#ifndef TUNEFARM_TUNER_SERVICE_BEST_QUERY_H_
#define TUNEFARM_TUNER_SERVICE_BEST_QUERY_H_

#include "absl/status/statusor.h"
#include "db/tuning_log.h"
#include "tunefarm/v1/tuner.pb.h"
#include "tuner/session/event.h"
#include "tuner/session/task_setup.h"

namespace tunefarm::tuner {

// `log` may be null: there is none. An emulator's timing counts only if asked for. Errors: those of
// the log.
absl::StatusOr<BestSchedule> FindBest(const TaskSetup& task, const db::TuningLog* log,
                                      bool include_emulated);

// As it travels, and back.
v1::BestSchedule ToProto(const BestSchedule& best);
BestSchedule FromProto(const v1::BestSchedule& best);

}  // namespace tunefarm::tuner

#endif  // TUNEFARM_TUNER_SERVICE_BEST_QUERY_H_
