// From what a dead child left behind to a result with an outcome and one sentence.
//
// Pure: the report, how the process ended, and the signature for names. Called by the runner.
#ifndef TUNEFARM_DEVICE_AGENT_SANDBOX_CHILD_OUTCOME_H_
#define TUNEFARM_DEVICE_AGENT_SANDBOX_CHILD_OUTCOME_H_

#include "device_agent/sandbox/child_report.h"
#include "tunefarm/v1/tracker.pb.h"

namespace tunefarm::device_agent {

// How the process ended, as the runner saw it.
struct ChildEnd {
  bool timed_out = false;  // The runner killed it at timing.timeout_ns.
  int wait_status = 0;     // As waitpid gives it.
};

// `assignment` holds the one candidate. Trusts nothing in `report` but that it is readable.
v1::MeasureResult ResultOf(const ChildReport& report, const ChildEnd& end,
                           const v1::Assignment& assignment);

}  // namespace tunefarm::device_agent

#endif  // TUNEFARM_DEVICE_AGENT_SANDBOX_CHILD_OUTCOME_H_
