// Small files of /proc and /sys, below a root that tests replace by a sample tree.
#ifndef TUNEFARM_DEVICE_AGENT_DEVICE_SYSTEM_FILES_H_
#define TUNEFARM_DEVICE_AGENT_DEVICE_SYSTEM_FILES_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace tunefarm::device_agent {

// Reads files below `root`; "" is the machine itself. A file that is missing or unreadable is
// absent, never an error: what the system does not tell is not known.
class SystemFiles {
 public:
  explicit SystemFiles(std::string root = "") : root_(std::move(root)) {}

  // A descriptor for reading, the caller's to close; negative: it cannot be opened.
  int Open(const std::string& path) const;

  // `path` begins with "/". At most 1 MiB.
  std::optional<std::string> Text(const std::string& path) const;

  // The first line without white space at its ends.
  std::optional<std::string> Line(const std::string& path) const;

  // The first line as a decimal number.
  std::optional<int64_t> Number(const std::string& path) const;

  // Names in a directory, sorted; empty where there is none.
  std::vector<std::string> Names(const std::string& directory) const;

 private:
  std::string root_;
};

}  // namespace tunefarm::device_agent

#endif  // TUNEFARM_DEVICE_AGENT_DEVICE_SYSTEM_FILES_H_
