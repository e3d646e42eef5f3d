#include "base/status.h"

#include <cstdio>
#include <cstdlib>

#include "absl/strings/str_format.h"

namespace tunefarm::base {

void CheckFailed(const char* file, int line, const char* condition, const std::string& message) {
  std::fprintf(stderr, "%s:%d: broken invariant (%s): %s\n", file, line, condition,
               message.c_str());
  std::abort();
}

absl::Status Annotate(const absl::Status& status, const std::string& context) {
  if (status.ok()) return status;
  return absl::Status(status.code(), absl::StrFormat("%s: %s", context, status.message()));
}

std::string OneLine(const absl::Status& status) {
  std::string text(status.message());
  for (char& c : text) {
    if (c == '\n' || c == '\r') c = ' ';
  }
  return absl::StrFormat("%s: %s", absl::StatusCodeToString(status.code()), text);
}

}  // namespace tunefarm::base
