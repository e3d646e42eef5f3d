// A program of ours as a child that says on one line of stdout when it is ready: tracker, agents,
// emulated boards. Stands on child_process.h.
#ifndef TUNEFARM_BASE_READY_PROGRAM_H_
#define TUNEFARM_BASE_READY_PROGRAM_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/child_process.h"
#include "base/unique_fd.h"

namespace tunefarm::base {

// The folder of the running executable, where its sisters are too.
absl::StatusOr<std::string> OwnDirectory();

struct ReadyProgram {
  std::string name;
  ChildProcess process;
  UniqueFd out;            // Kept open: it may print more.
  std::string ready_line;  // The first line of its stdout.
};

// Starts the executable at `path` and waits for its first line. Errors: kNotFound (not there or not
// executable), kUnavailable (silent for `timeout`, or ended before the line: with its last words).
absl::StatusOr<ReadyProgram> StartProgram(const std::string& path,
                                          const std::vector<std::string>& args,
                                          absl::Duration timeout);

// kUnavailable: how it ended and its last words. Waits for the end.
absl::Status EndedError(ReadyProgram* program);

}  // namespace tunefarm::base

#endif  // TUNEFARM_BASE_READY_PROGRAM_H_
