#include "tuner/measure/build_worker.h"

#include <sys/resource.h>

#include <string_view>

#include "base/child_process.h"
#include "tuner/measure/build_server.h"
#include "tuner/measure/candidate_builder.h"

namespace tunefarm::tuner {

std::optional<int> RunAsBuildWorker(int argc, char** argv) {
  if (argc < 2 || std::string_view(argv[1]) != kBuildWorkerFlag) return std::nullopt;
  // A crash here is an answer, not a bug to be kept on disk.
  const rlimit no_core = {0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  CandidateBuilder builder;
  return ServeBuilds(base::ChildProcess::kExtraFd,
                     [&](const v1::BuildRequest& request) { return builder.Build(request); });
}

}  // namespace tunefarm::tuner
