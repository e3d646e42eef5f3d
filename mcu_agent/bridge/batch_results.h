// What the results of a queue say about each candidate of its batch. Pure.
//
// The other half of batch_plan.h. It tells what seems to have happened; whether that counts is
// trial_book.h's to say.
#ifndef TUNEFARM_MCU_AGENT_BRIDGE_BATCH_RESULTS_H_
#define TUNEFARM_MCU_AGENT_BRIDGE_BATCH_RESULTS_H_

#include <string>
#include <vector>

#include "mcu_agent/bridge/batch_plan.h"
#include "proto/mcu_mailbox.h"
#include "tunefarm/v1/measurement.pb.h"

namespace tunefarm::mcu_agent {

struct Verdict {
  enum Kind {
    kDone,     // `result` is complete.
    kFailed,   // `result` says how, by the kernel's doing as it seems.
    kLost,     // Nothing is known about the kernel; `why`.
    kUnequal,  // Timed, but its output is not what was expected to the last bit: look at it.
  };
  Kind kind = kLost;
  v1::MeasureResult result;  // Without device state and wall time.
  std::string why;
};

// One verdict for each candidate, in their order. `results` are those of the plan's tasks and
// `samples` what lies at plan.samples (ticks of repeats per candidate).
std::vector<Verdict> JudgeBatch(const BatchContext& context, const BatchPlan& plan,
                                const std::vector<const ReadyCandidate*>& candidates,
                                const std::vector<tunefarm_result>& results,
                                const std::string& samples);

// Whether the plan's images and tables came as they were sent.
bool BlockIntact(const BatchPlan& plan, const std::vector<tunefarm_result>& results);

// Of each tensor of the plan: was it intact at the end, so that it need not be brought again?
std::vector<bool> TensorsIntact(const BatchPlan& plan, const std::vector<tunefarm_result>& results);

}  // namespace tunefarm::mcu_agent

#endif  // TUNEFARM_MCU_AGENT_BRIDGE_BATCH_RESULTS_H_
