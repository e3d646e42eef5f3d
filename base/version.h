// Versions of Tunefarm's programs: this build's own, and how two of them compare.
//
// The number itself stands in the project's CMakeLists.txt and nowhere else.
#ifndef TUNEFARM_BASE_VERSION_H_
#define TUNEFARM_BASE_VERSION_H_

#include <compare>
#include <optional>
#include <string>

namespace tunefarm::base {

struct Version {
  int major = 0, minor = 0, patch = 0;

  auto operator<=>(const Version&) const = default;
};

// "MAJOR.MINOR.PATCH" of plain decimal numbers; none for anything else.
std::optional<Version> ParseVersion(const std::string& text);

std::string Print(const Version& version);

// Of this build.
Version OwnVersion();

// Every executable holds this text with its version and a zero byte behind it.
#define TUNEFARM_VERSION_STAMP "tunefarm-version="

// The version of an executable by its bytes; none where it has no stamp.
std::optional<Version> StampedVersion(const std::string& executable);

}  // namespace tunefarm::base

#endif  // TUNEFARM_BASE_VERSION_H_
