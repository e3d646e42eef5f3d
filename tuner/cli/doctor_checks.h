// What `tuner doctor` looks at: each check tells what it found and, where that is not well, what to
// do about it.
#ifndef TUNEFARM_TUNER_CLI_DOCTOR_CHECKS_H_
#define TUNEFARM_TUNER_CLI_DOCTOR_CHECKS_H_

#include <string>

#include "compiler/target/target.h"
#include "tuner/cli/measuring.h"

namespace tunefarm::tuner {

enum class Health { kOk, kWarn, kFail };

struct Finding {
  Health health = Health::kOk;
  std::string subject;  // "vectors", "disk"
  std::string found;
  std::string advice;  // Empty when ok.
};

// "ok", "warn", "fail".
const char* Name(Health health);

// Whether the vector instructions of `target` are such as the templates are made for.
Finding CheckVectors(const compiler::Target& target);

// Lowers, compiles and links a small product for `target`.
Finding CheckCompiler(const compiler::Target& target);

// The governor of the processor's clock; `cpu_folder` is /sys/devices/system/cpu.
Finding CheckGovernor(const std::string& cpu_folder);

// What else runs: the one-minute load in a text like /proc/loadavg's, against the cores.
Finding CheckLoad(const std::string& loadavg, int64_t num_cores);

// Whether the folder of the log takes files, and how many bytes are left there.
Finding CheckDisk(const std::string& log_path);

// Whether the log can be opened, if there is one.
Finding CheckLog(const std::string& log_path);

// Whether somebody listens already where `tuner serve` would.
Finding CheckPort(const std::string& address);

// Starts a farm (or reaches the given one), builds the peak kernel, runs it on a device.
Finding CheckFarm(const FarmOptions& options, const compiler::Target& target);

}  // namespace tunefarm::tuner

#endif  // TUNEFARM_TUNER_CLI_DOCTOR_CHECKS_H_
