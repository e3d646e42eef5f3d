// The builder's end of its socket: requests in, replies out, until the tuner closes it.
#ifndef TUNEFARM_TUNER_MEASURE_BUILD_SERVER_H_
#define TUNEFARM_TUNER_MEASURE_BUILD_SERVER_H_

#include <functional>

#include "tunefarm/v1/build.pb.h"

namespace tunefarm::tuner {

// First argument of a process that is to be a builder; the socket is ChildProcess::kExtraFd.
inline constexpr char kBuildWorkerFlag[] = "--build-worker";

// Serves `socket` with `build` until the other end closes; says on it first that it is ready.
// Returns an exit code: 0 unless the stream broke.
int ServeBuilds(int socket, const std::function<v1::BuildReply(const v1::BuildRequest&)>& build);

}  // namespace tunefarm::tuner

#endif  // TUNEFARM_TUNER_MEASURE_BUILD_SERVER_H_
