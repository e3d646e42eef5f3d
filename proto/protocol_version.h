// The number of the protocol between agents and trackers (tunefarm/v1/tracker.proto). It grows with
// a change that an older peer would misread; fields that an older peer may ignore do not count.
#ifndef TUNEFARM_PROTO_PROTOCOL_VERSION_H_
#define TUNEFARM_PROTO_PROTOCOL_VERSION_H_

#include <cstdint>

namespace tunefarm {

inline constexpr uint32_t kProtocolVersion = 1;

}  // namespace tunefarm

#endif  // TUNEFARM_PROTO_PROTOCOL_VERSION_H_
