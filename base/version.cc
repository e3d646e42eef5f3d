#include "base/version.h"

#include <algorithm>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"

namespace tunefarm::base {

std::optional<Version> ParseVersion(const std::string& text) {
  const std::vector<std::string> parts = absl::StrSplit(text, '.');
  if (parts.size() != 3) return std::nullopt;
  int numbers[3];
  for (size_t i = 0; i < 3; ++i) {
    // SimpleAtoi would take a sign and white space.
    const bool digits =
        !parts[i].empty() && parts[i].size() <= 9 &&
        std::all_of(parts[i].begin(), parts[i].end(), [](char c) { return c >= '0' && c <= '9'; });
    if (!digits || !absl::SimpleAtoi(parts[i], &numbers[i])) return std::nullopt;
  }
  return Version{.major = numbers[0], .minor = numbers[1], .patch = numbers[2]};
}

std::optional<Version> StampedVersion(const std::string& executable) {
  const std::string stamp = TUNEFARM_VERSION_STAMP;
  for (size_t at = executable.find(stamp); at != std::string::npos;
       at = executable.find(stamp, at + 1)) {
    // The text by itself is found as well, in programs that look for it.
    const std::string text(executable, at + stamp.size(), 32);
    if (const auto version = ParseVersion(text.substr(0, text.find('\0')))) return version;
  }
  return std::nullopt;
}

std::string Print(const Version& version) {
  return absl::StrFormat("%d.%d.%d", version.major, version.minor, version.patch);
}

}  // namespace tunefarm::base
