// What a session has found, from its scoreboard and its final. Pure.
#ifndef TUNEFARM_TUNER_SESSION_SUMMARY_H_
#define TUNEFARM_TUNER_SESSION_SUMMARY_H_

#include "tuner/session/event.h"
#include "tuner/session/final.h"
#include "tuner/session/scoreboard.h"
#include "tuner/session/task_setup.h"

namespace tunefarm::tuner {

// Counts, outcomes, best, default and peak; the rest is the session's to fill in. `final` may be
// null: none was held. `peak_flops` is that of the search, 0: not known; the final's own goes
// before it.
SessionSummary Summarize(const Scoreboard& board, const TaskSetup& setup, const FinalResult* final,
                         double peak_flops);

}  // namespace tunefarm::tuner

#endif  // TUNEFARM_TUNER_SESSION_SUMMARY_H_
