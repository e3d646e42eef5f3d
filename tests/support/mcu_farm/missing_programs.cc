#include "tests/support/mcu_farm/missing_programs.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <vector>

#include "absl/strings/str_split.h"

namespace tunefarm::testing {

std::string MissingForEmulatedBoards() {
  const char* path = getenv("PATH");
  const std::vector<std::string> folders = absl::StrSplit(path != nullptr ? path : "", ':');
  for (const std::string program : {"openocd", "qemu-system-arm"}) {
    const bool found = std::any_of(folders.begin(), folders.end(), [&](const std::string& folder) {
      return access((folder + "/" + program).c_str(), X_OK) == 0;
    });
    if (!found) return program + " is not installed (Debian: openocd, qemu-system-arm)";
  }
  return "";
}

}  // namespace tunefarm::testing
