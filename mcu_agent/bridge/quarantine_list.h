// The kernels that took a board down: they are not run again on that kind of board unless somebody
// consents.
//
// A file in the agent's state folder, one line of JSON for each. It is read once and appended to,
// so that it survives whatever ends the agent. A kernel is known by its digest: the same config
// built by the same toolchain is the same kernel. The tracker is told the list in Hello and tells
// what agents of other such boards learnt, which is kept like what was learnt here: so the farm
// knows a kernel as long as one of them does.
#ifndef TUNEFARM_MCU_AGENT_BRIDGE_QUARANTINE_LIST_H_
#define TUNEFARM_MCU_AGENT_BRIDGE_QUARANTINE_LIST_H_

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/mutex.h"
#include "tunefarm/v1/tracker.pb.h"

namespace tunefarm::mcu_agent {

// Thread-safe: the runner asks and adds, the agent's reading thread adds.
class QuarantineList {
 public:
  // Reads `path`, which need not be there; "" keeps the list in memory alone. A line that cannot be
  // read is an error with its number: a list that is not understood protects nobody. Errors:
  // INVALID_ARGUMENT, FAILED_PRECONDITION (the file cannot be read).
  static absl::StatusOr<std::unique_ptr<QuarantineList>> Open(const std::string& path);

  // Why `digest` is not to run on boards of this kind; none where it may.
  std::optional<std::string> Reason(const std::string& board, const std::string& digest) const;

  // All of that kind, by digest: what Hello says.
  std::vector<v1::QuarantinedKernel> Of(const std::string& board) const;

  // Nothing happens where the kernel is known. FAILED_PRECONDITION: it is on the list of this
  // process, but the file could not be written.
  absl::Status Add(const std::string& board, const std::string& digest, const std::string& reason,
                   absl::Time when);

 private:
  explicit QuarantineList(std::string path) : path_(std::move(path)) {}
  absl::Status ReadLine(const std::string& line) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const std::string path_;
  mutable base::Mutex mutex_;
  // (board, digest) -> why.
  std::map<std::pair<std::string, std::string>, std::string> reasons_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tunefarm::mcu_agent

#endif  // TUNEFARM_MCU_AGENT_BRIDGE_QUARANTINE_LIST_H_
