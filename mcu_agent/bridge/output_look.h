// What is wrong with an output, element by element.
//
// The board tells outputs by their checksums; where those do not suffice, bridge_runner.h has the
// output itself read.
#ifndef TUNEFARM_MCU_AGENT_BRIDGE_OUTPUT_LOOK_H_
#define TUNEFARM_MCU_AGENT_BRIDGE_OUTPUT_LOOK_H_

#include "absl/status/statusor.h"
#include "device_agent/kernel_runner.h"
#include "mcu_agent/bridge/batch_choice.h"
#include "mcu_agent/bridge/batch_plan.h"
#include "mcu_agent/bridge/batch_results.h"
#include "mcu_agent/bridge/board_session.h"

namespace tunefarm::mcu_agent {

// `verdict` of `candidate`, the last of `plan`, whose output is therefore on the board: floats that
// differ in the last bit may be right after all, and of a wrong output it is said which element is
// wrong. Other verdicts come back as they are. Errors: those of BoardSession::ReadTwice.
absl::StatusOr<Verdict> LookAtOutput(const BatchPlan& plan, const ReadyCandidate& candidate,
                                     const device_agent::MeasureRequest& request, Verdict verdict,
                                     BoardSession* session);

}  // namespace tunefarm::mcu_agent

#endif  // TUNEFARM_MCU_AGENT_BRIDGE_OUTPUT_LOOK_H_
