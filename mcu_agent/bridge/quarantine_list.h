// The kernels that took a board down: they are not run again on that kind of board unless somebody
// consents.
//
// A file in the agent's state folder, one line of JSON for each. It is read once and appended to,
// so that it survives whatever ends the agent. A kernel is known by its digest: the same config
// built by the same toolchain is the same kernel.
#ifndef TUNEFARM_MCU_AGENT_BRIDGE_QUARANTINE_LIST_H_
#define TUNEFARM_MCU_AGENT_BRIDGE_QUARANTINE_LIST_H_

#include <map>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace tunefarm::mcu_agent {

// One thread at a time.
class QuarantineList {
 public:
  // Reads `path`, which need not be there; "" keeps the list in memory alone. A line that cannot be
  // read is an error with its number: a list that is not understood protects nobody. Errors:
  // INVALID_ARGUMENT, FAILED_PRECONDITION (the file cannot be read).
  static absl::StatusOr<QuarantineList> Open(const std::string& path);

  // Why `digest` is not to run on boards of this kind; none where it may.
  std::optional<std::string> Reason(const std::string& board, const std::string& digest) const;

  // FAILED_PRECONDITION: it is on the list of this process, but the file could not be written.
  absl::Status Add(const std::string& board, const std::string& digest, const std::string& reason,
                   absl::Time when);

 private:
  explicit QuarantineList(std::string path) : path_(std::move(path)) {}
  absl::Status ReadLine(const std::string& line);

  std::string path_;
  std::map<std::pair<std::string, std::string>, std::string> reasons_;  // (board, digest) -> why.
};

}  // namespace tunefarm::mcu_agent

#endif  // TUNEFARM_MCU_AGENT_BRIDGE_QUARANTINE_LIST_H_
