// The events of a task as the log remembers them: what a watcher gets of a task that ended long ago
// or began before the daemon was restarted. Pure.
#ifndef TUNEFARM_TUNER_SERVICE_LOGGED_EVENTS_H_
#define TUNEFARM_TUNER_SERVICE_LOGGED_EVENTS_H_

#include <vector>

#include "db/records.h"
#include "tuner/session/event.h"

namespace tunefarm::tuner {

// "started", one "trial" per trial in order, and "done" or "failed" if the task has ended. What the
// log does not hold (the peak of the device, the utilisation) stays 0. `trials` are the task's, in
// order of appending.
std::vector<TuningEvent> LoggedEvents(const db::TaskRecord& task,
                                      std::vector<db::TrialRecord> trials);

}  // namespace tunefarm::tuner

#endif  // TUNEFARM_TUNER_SERVICE_LOGGED_EVENTS_H_
