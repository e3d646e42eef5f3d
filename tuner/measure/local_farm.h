// A farm of one on this machine: tuner-tracker and tuner-agent as child processes on loopback. The
// same programs and the same way as in a lab; only who starts them differs.
#ifndef TUNEFARM_TUNER_MEASURE_LOCAL_FARM_H_
#define TUNEFARM_TUNER_MEASURE_LOCAL_FARM_H_

#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/mutex.h"
#include "tuner/measure/child_process.h"
#include "tuner/measure/unique_fd.h"

namespace tunefarm::tuner {

struct LocalFarmOptions {
  std::string bin_dir;  // Where tuner-tracker and tuner-agent are; empty: beside this program.
  std::string device_name = "local";
  absl::Duration start_timeout = absl::Seconds(10);  // For each of the two.
};

// Thread-safe.
class LocalFarm {
 public:
  // Returns when the device is connected. Errors: kNotFound (a program is not there),
  // kUnavailable (one does not start: with its last words).
  static absl::StatusOr<std::unique_ptr<LocalFarm>> Start(const LocalFarmOptions& options);
  // Ends both processes.
  ~LocalFarm();

  // Of the tracker: "127.0.0.1:34567".
  const std::string& host_port() const { return host_port_; }
  // kUnavailable once one of the processes has ended, with its last words.
  absl::Status CheckHealth() ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  // A child and the line of its stdout that says it is ready.
  struct Program {
    std::string name;
    ChildProcess process;
    UniqueFd out;  // Kept open: it may print more.
    std::string ready_line;
  };

  LocalFarm(Program tracker, Program agent, std::string host_port);
  static absl::StatusOr<Program> StartProgram(const std::string& bin_dir, const std::string& name,
                                              const std::vector<std::string>& args,
                                              absl::Duration timeout);
  static absl::Status EndedError(Program* program);

  const std::string host_port_;
  base::Mutex mutex_;
  Program tracker_ ABSL_GUARDED_BY(mutex_);
  Program agent_ ABSL_GUARDED_BY(mutex_);  // Ends first.
};

}  // namespace tunefarm::tuner

#endif  // TUNEFARM_TUNER_MEASURE_LOCAL_FARM_H_
