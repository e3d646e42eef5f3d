// Events of a session that runs in the daemon, back from their JSON: what `tune --server` draws its
// display from.
#ifndef TUNEFARM_TUNER_SERVICE_EVENT_PARSE_H_
#define TUNEFARM_TUNER_SERVICE_EVENT_PARSE_H_

#include <string>

#include "absl/status/statusor.h"
#include "tuner/session/event.h"

namespace tunefarm::tuner {

// The inverse of ToJson(TuningEvent) as far as the JSON tells; unknown fields are ignored, missing
// ones stay as they are by default. Errors: kInvalidArgument (no JSON object, unknown event, a
// field of another type).
absl::StatusOr<TuningEvent> ParseEvent(const std::string& json);

}  // namespace tunefarm::tuner

#endif  // TUNEFARM_TUNER_SERVICE_EVENT_PARSE_H_
