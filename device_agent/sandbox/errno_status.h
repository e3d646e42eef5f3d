// errno as a Status.
#ifndef TUNEFARM_DEVICE_AGENT_SANDBOX_ERRNO_STATUS_H_
#define TUNEFARM_DEVICE_AGENT_SANDBOX_ERRNO_STATUS_H_

#include <cerrno>
#include <cstring>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"

namespace tunefarm::device_agent {

// "`what`: <text of errno>", RESOURCE_EXHAUSTED when memory ran out, INTERNAL otherwise.
inline absl::Status ErrnoStatus(const std::string& what) {
  const int error = errno;
  const std::string text = absl::StrFormat("%s: %s", what, std::strerror(error));
  return error == ENOMEM ? absl::ResourceExhaustedError(text) : absl::InternalError(text);
}

}  // namespace tunefarm::device_agent

#endif  // TUNEFARM_DEVICE_AGENT_SANDBOX_ERRNO_STATUS_H_
