// A long run of trials on an emulated board while everything that can go wrong does: the real
// tracker, agent loop, OpenOCD and QEMU, kernels of the real compiler. A second board of the same
// farm measures beside it all the time, untroubled. Shared by the integration test (short) and the
// bench program (long).
#ifndef TUNEFARM_TESTS_SUPPORT_MCU_FARM_SOAK_H_
#define TUNEFARM_TESTS_SUPPORT_MCU_FARM_SOAK_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "tunefarm/v1/kernel.pb.h"

namespace tunefarm::testing {

struct SoakOptions {
  std::string bin_dir;  // Of tuner-emulated-board; the boards' folder is beside it.
  std::string board;
  bool use_flash = false;
  std::string target;
  std::string workload;
  std::vector<std::string> configs;  // Trials take them in turn.
  int num_trials = 60;
  int batch = 16;
  double fault_rate = 0.05;  // Faults per trial.
  uint64_t seed = 1;
};

// One kernel for each config.
absl::StatusOr<std::vector<v1::Kernel>> BuildKernels(const SoakOptions& options);

// Kernels of one layer of keyword spotting on mps2-an500.
SoakOptions SoakInRam();
// Kernels of a small layer on netduinoplus2, two of three in its flash.
SoakOptions SoakInFlash();

// What came of the second board.
struct BesideReport {
  int num_results = 0;
  int num_failed = 0;          // Of any outcome but ok, or of a batch that ended in an error.
  int num_disagreeing = 0;     // Results whose cost is not what the config has on the first board.
  absl::Duration longest_gap;  // From one batch's results to the next one's.
  std::string first_failure;
};

struct SoakReport {
  int num_results = 0;
  int num_twice = 0;                      // Candidates with more than one result.
  int num_elsewhere = 0;                  // Results of another device than the troubled one.
  std::map<std::string, int> outcomes;    // "ok" -> count.
  std::map<std::string, int> faults;      // Injected, by command.
  std::vector<std::string> failures;      // What every result that is not ok said.
  std::map<std::string, double> cost_ns;  // Of each config: all its results must agree.
  int num_disagreeing = 0;                // Results whose cost is not that of the first.
  absl::Duration time;
  BesideReport beside;
};

absl::StatusOr<SoakReport> RunSoak(const SoakOptions& options);

}  // namespace tunefarm::testing

#endif  // TUNEFARM_TESTS_SUPPORT_MCU_FARM_SOAK_H_
