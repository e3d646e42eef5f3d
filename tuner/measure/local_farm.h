// A farm of one on this machine: tuner-tracker and an agent as child processes on loopback:
// tuner-agent for this machine, tuner-mcu-agent for a board. The same programs and the same way as
// in a lab; only who starts them differs.
#ifndef TUNEFARM_TUNER_MEASURE_LOCAL_FARM_H_
#define TUNEFARM_TUNER_MEASURE_LOCAL_FARM_H_

#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/mutex.h"
#include "base/ready_program.h"

namespace tunefarm::tuner {

struct LocalFarmOptions {
  std::string bin_dir;  // Where tracker and agents are; empty: beside this program.
  std::string device_name = "local";
  // As tuner-mcu-agent's options of these names have it: "stm32f746", "emulated:mps2-an500". Empty:
  // this machine is the device.
  std::string board;
  std::string serial;
  bool use_flash = false;
  absl::Duration start_timeout = absl::Seconds(10);  // For each of the two; boards take their time.
};

// Thread-safe.
class LocalFarm {
 public:
  // Returns when the device is connected. Errors: kNotFound (a program is not there),
  // kUnavailable (one does not start: with its last words; or the board cannot be used, and why).
  static absl::StatusOr<std::unique_ptr<LocalFarm>> Start(const LocalFarmOptions& options);
  // Ends both processes.
  ~LocalFarm();

  // Of the tracker: "127.0.0.1:34567".
  const std::string& host_port() const { return host_port_; }
  // kUnavailable once one of the processes has ended, with its last words.
  absl::Status CheckHealth() ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  LocalFarm(base::ReadyProgram tracker, base::ReadyProgram agent, std::string host_port);

  const std::string host_port_;
  base::Mutex mutex_;
  base::ReadyProgram tracker_ ABSL_GUARDED_BY(mutex_);
  base::ReadyProgram agent_ ABSL_GUARDED_BY(mutex_);  // Ends first.
};

}  // namespace tunefarm::tuner

#endif  // TUNEFARM_TUNER_MEASURE_LOCAL_FARM_H_
