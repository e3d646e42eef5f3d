// A long run of trials on an emulated board while everything that can go wrong does: the real
// OpenOCD, the real QEMU, kernels of the real compiler. Shared by the integration test (short) and
// the bench program (long).
#ifndef TUNEFARM_TESTS_SUPPORT_MCU_SOAK_H_
#define TUNEFARM_TESTS_SUPPORT_MCU_SOAK_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace tunefarm::testing {

struct SoakOptions {
  std::string bin_dir;  // Of tuner-emulated-board; the boards' folder is beside it.
  std::string board = "mps2-an500";
  std::string target = "cortex-m7";
  std::string workload = "conv2d/s8/nhwc/1x25x5x64/o64k1x1/bias+requant+relu";
  std::vector<std::string> configs;  // Trials take them in turn.
  int num_trials = 60;
  int batch = 16;
  double fault_rate = 0.05;  // Faults per trial.
  uint64_t seed = 1;
};

struct SoakReport {
  int num_results = 0;
  int num_twice = 0;                      // Candidates with more than one result.
  int num_failed_runs = 0;                // Runs that ended in an error of the device.
  std::map<std::string, int> outcomes;    // "ok" -> count.
  std::map<std::string, int> faults;      // Injected, by command.
  std::vector<std::string> failures;      // What every result that is not ok said.
  std::map<std::string, double> cost_ns;  // Of each config: all its results must agree.
  int num_disagreeing = 0;                // Results whose cost is not that of the first.
  absl::Duration time;
};

// "" when OpenOCD and QEMU are there, else which is missing.
std::string MissingForEmulatedBoards();

absl::StatusOr<SoakReport> RunSoak(const SoakOptions& options);

}  // namespace tunefarm::testing

#endif  // TUNEFARM_TESTS_SUPPORT_MCU_SOAK_H_
