// One config on a farm, measured with care: what bench, replay and doctor have in common.
#ifndef TUNEFARM_TUNER_CLI_MEASURING_H_
#define TUNEFARM_TUNER_CLI_MEASURING_H_

#include <memory>
#include <string>

#include "CLI/CLI.hpp"
#include "absl/status/statusor.h"
#include "tuner/measure/farm.h"
#include "tuner/measure/measurer.h"

namespace tunefarm::tuner {

// Which farm measures: the options --tracker, --token-file, --board, --serial, --use-flash and
// --emulated.
struct FarmOptions {
  std::string tracker;  // Empty: a tracker and an agent are started here.
  std::string token_file;
  std::string board;       // That agent's board; empty: this machine is the device.
  std::string serial;      // Of the board's probe.
  bool use_flash = false;  // The flash of its map may be programmed.
  bool emulated = false;   // On emulators only.
};

void AddFarmOptions(CLI::App& command, FarmOptions& options);

// A farm for kernels of `target`; "": for whatever it has. Errors: kInvalidArgument (address, token
// file; this machine or board alone and a target that it cannot run: nobody could ever measure),
// kUnavailable (the tracker is not reachable, or the local one does not start).
absl::StatusOr<std::unique_ptr<Farm>> OpenFarm(const FarmOptions& options,
                                               const std::string& target);

// Measures one config, unhurried: as many samples as a finalist gets and no early cut. Says on
// stderr once what is waited for where no device is there. Errors: kFailedPrecondition (the
// candidate failed: outcome, phase and reason), those of Measurer::Next.
absl::StatusOr<MeasureReport> MeasureConfig(Measurer& measurer, const std::string& workload,
                                            const std::string& target, const std::string& config);

}  // namespace tunefarm::tuner

#endif  // TUNEFARM_TUNER_CLI_MEASURING_H_
