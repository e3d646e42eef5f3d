// A builder process: reads requests, compiles, replies, until its socket closes. LLVM may abort the
// process on code it cannot select; then only this process dies (see builder_pool.h).
//
// The tuner starts itself again for this: its main begins with
//   if (const std::optional<int> code = RunAsBuildWorker(argc, argv)) return *code;
#ifndef TUNEFARM_TUNER_MEASURE_BUILD_WORKER_H_
#define TUNEFARM_TUNER_MEASURE_BUILD_WORKER_H_

#include <functional>
#include <optional>

#include "tunefarm/v1/build.pb.h"

namespace tunefarm::tuner {

// First argument of a process that is to be a builder; the socket is ChildProcess::kExtraFd.
inline constexpr char kBuildWorkerFlag[] = "--build-worker";

// The exit code if the arguments ask for a builder, else nullopt at once.
std::optional<int> RunAsBuildWorker(int argc, char** argv);

// Serves `socket` with `build` until the other end closes; says on it first that it is ready.
// Returns an exit code: 0 unless the stream broke.
int ServeBuilds(int socket, const std::function<v1::BuildReply(const v1::BuildRequest&)>& build);

}  // namespace tunefarm::tuner

#endif  // TUNEFARM_TUNER_MEASURE_BUILD_WORKER_H_
