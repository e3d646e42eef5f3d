// Writes a session's events to stdout: a live block on a terminal, lines elsewhere, JSON for
// programs.
#ifndef TUNEFARM_TUNER_CLI_EVENT_PRINTER_H_
#define TUNEFARM_TUNER_CLI_EVENT_PRINTER_H_

#include <memory>

#include "tuner/session/event.h"

namespace tunefarm::tuner {

// One thread at a time.
class EventPrinter {
 public:
  virtual ~EventPrinter() = default;
  virtual void Print(const TuningEvent& event) = 0;
  // A line for people among the events ("stopping ..."); nothing in JSON.
  virtual void Note(const std::string& line) = 0;
  // Ends the display: what follows starts on a line of its own, the cursor is as it was.
  virtual void Finish() = 0;
};

// `json`: one line per event. Else the live block if stdout is a terminal that can be redrawn (TERM
// is not dumb), lines if not. `max_seconds` is the task's limit, 0: none.
std::unique_ptr<EventPrinter> MakeEventPrinter(bool json, double max_seconds);

// Puts the terminal's cursor back, for whoever ends the process in a hurry. Async-signal-safe;
// harmless where nothing is shown.
void RestoreTerminal();

}  // namespace tunefarm::tuner

#endif  // TUNEFARM_TUNER_CLI_EVENT_PRINTER_H_
