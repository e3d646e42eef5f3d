#include "tuner/measure/build_server.h"

#include <cstdio>

#include "base/status.h"
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

}  // namespace tunefarm::tuner
