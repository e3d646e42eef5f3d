// A builder process: the tuner started again to compile. LLVM may abort the process on code it
// cannot select; then only this process dies (see builder_pool.h).
//
// The tuner's main begins with
//   if (const std::optional<int> code = RunAsBuildWorker(argc, argv)) return *code;
#ifndef TUNEFARM_TUNER_MEASURE_BUILD_WORKER_H_
#define TUNEFARM_TUNER_MEASURE_BUILD_WORKER_H_

#include <optional>

namespace tunefarm::tuner {

// The exit code if the arguments ask for a builder, else nullopt at once.
std::optional<int> RunAsBuildWorker(int argc, char** argv);

}  // namespace tunefarm::tuner

#endif  // TUNEFARM_TUNER_MEASURE_BUILD_WORKER_H_
