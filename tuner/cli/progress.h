// How the progress of a session looks: one block that is redrawn on a terminal, a line per trial
// elsewhere. Pure text; what writes it is event_printer.h.
#ifndef TUNEFARM_TUNER_CLI_PROGRESS_H_
#define TUNEFARM_TUNER_CLI_PROGRESS_H_

#include <string>
#include <vector>

#include "tuner/session/event.h"

namespace tunefarm::tuner {

// What has been heard of a session so far.
struct Progress {
  TuningEvent started;     // The task; its fields are empty until it is known.
  TuningEvent latest;      // The last event that told how far the session is.
  std::string last_trial;  // One line on the last trial that ended.
  std::string waiting;     // Why nothing moves; "" while it does.
  std::string phase;       // "" while searching, else what is going on.
  bool ended = false;      // Nothing goes on any more.
  double max_seconds = 0;  // The task's limit; 0: none.

  void Update(const TuningEvent& event);
};

// The block: at most `width` columns, no line breaks inside a line. Empty until the session has
// started.
std::vector<std::string> RenderBlock(const Progress& progress, int width);

// The line of an event where there is no terminal; "" if it is not worth one. Unlike the block,
// lines are never cut.
std::string RenderLine(const TuningEvent& event);

// The last words: what was found, how good that is, and how the search ended. Several lines, each
// ended. `schedule` is the printed schedule of the best config; "" leaves it out.
std::string RenderSummary(const SessionSummary& summary, const std::string& schedule);

// "ok 61, build_failed 2, timeout 1": ok first.
std::string RenderOutcomes(const std::map<std::string, uint32_t>& outcomes);

}  // namespace tunefarm::tuner

#endif  // TUNEFARM_TUNER_CLI_PROGRESS_H_
