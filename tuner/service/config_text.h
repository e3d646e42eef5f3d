// A config as people name it.
#ifndef TUNEFARM_TUNER_SERVICE_CONFIG_TEXT_H_
#define TUNEFARM_TUNER_SERVICE_CONFIG_TEXT_H_

#include <string>

#include "absl/status/statusor.h"
#include "compiler/space/space.h"

namespace tunefarm::tuner {

// Named knobs "tile_oc=16,...", or an index of the space. Errors: kInvalidArgument (malformed, out
// of range, against a constraint: says which).
absl::StatusOr<compiler::Config> ParseConfig(const compiler::ConfigSpace& space,
                                             const std::string& text);

}  // namespace tunefarm::tuner

#endif  // TUNEFARM_TUNER_SERVICE_CONFIG_TEXT_H_
