#include "tuner/measure/build_worker.h"

#include <sys/resource.h>

#include <cstdio>
#include <string_view>

#include "base/status.h"
#include "tuner/measure/candidate_builder.h"
#include "tuner/measure/child_process.h"
#include "tuner/measure/frame.h"

namespace tunefarm::tuner {
namespace {

absl::Status Serve(int socket,
                   const std::function<v1::BuildReply(const v1::BuildRequest&)>& build) {
  TUNEFARM_RETURN_IF_ERROR(WriteFrame(socket, v1::BuildReply()));
  FrameReader reader;
  while (true) {
    v1::BuildRequest request;
    TUNEFARM_ASSIGN_OR_RETURN(const bool complete, reader.Next(&request));
    if (!complete) {
      TUNEFARM_RETURN_IF_ERROR(reader.ReadSome(socket));
      continue;
    }
    TUNEFARM_RETURN_IF_ERROR(WriteFrame(socket, build(request)));
  }
}

}  // namespace

int ServeBuilds(int socket, const std::function<v1::BuildReply(const v1::BuildRequest&)>& build) {
  const absl::Status status = Serve(socket, build);
  if (absl::IsUnavailable(status)) return 0;
  std::fprintf(stderr, "builder: %s\n", base::OneLine(status).c_str());
  return 1;
}

std::optional<int> RunAsBuildWorker(int argc, char** argv) {
  if (argc < 2 || std::string_view(argv[1]) != kBuildWorkerFlag) return std::nullopt;
  // A crash here is an answer, not a bug to be kept on disk.
  const rlimit no_core = {0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  CandidateBuilder builder;
  return ServeBuilds(ChildProcess::kExtraFd,
                     [&](const v1::BuildRequest& request) { return builder.Build(request); });
}

}  // namespace tunefarm::tuner
