#include "tuner/cli/measuring.h"

#include <unistd.h>

#include <cstdio>

#include "absl/strings/str_format.h"
#include "base/status.h"
#include "tuner/cli/command.h"

namespace tunefarm::tuner {
namespace {

constexpr uint32_t kNumSamples = 25;
constexpr absl::Duration kPatience = absl::Seconds(2);  // Before it is said what is waited for.

}  // namespace

void AddFarmOptions(CLI::App& command, FarmOptions& options) {
  command.add_option(
      "--tracker", options.tracker,
      "HOST:PORT of a farm's tracker; without it a tracker and an agent are started here");
  AddTokenFileOption(command, options.token_file);
  command
      .add_option("--board", options.board,
                  "Measure on a board without an operating system that is plugged in here: "
                  "stm32f746, nucleo-f446re, ...; emulated:mps2-an500 emulates one")
      ->excludes("--tracker");
  command.add_option("--serial", options.serial, "Serial number of the board's debug probe")
      ->needs("--board");
}

absl::StatusOr<std::unique_ptr<Farm>> OpenFarm(const FarmOptions& options) {
  FarmSpec spec;
  spec.owner = absl::StrFormat("%s:%d", Owner(), getpid());
  if (!options.board.empty()) {
    spec.local.board = options.board;
    spec.local.serial = options.serial;
    // Of "emulated:mps2-an500", the part that names the board.
    spec.local.device_name = options.board.substr(options.board.find(':') + 1);
  }
  if (!options.tracker.empty()) {
    TUNEFARM_ASSIGN_OR_RETURN(spec.tracker, MakeAddress(options.tracker, options.token_file));
  }
  absl::StatusOr<std::unique_ptr<Farm>> farm = Farm::Open(spec);
  if (absl::IsNotFound(farm.status()))
    return absl::FailedPreconditionError(std::string(farm.status().message()));
  return farm;
}

absl::StatusOr<MeasureReport> MeasureConfig(Measurer& measurer, const std::string& workload,
                                            const std::string& target, const std::string& config) {
  MeasureRequest request;
  request.ticket = 1;
  request.workload = workload;
  request.target = target;
  request.config = config;
  request.final_round = true;
  MeasureOptions options;
  options.num_samples = kNumSamples;
  TUNEFARM_RETURN_IF_ERROR(measurer.Submit({request}, options));
  std::string said;
  while (true) {
    absl::StatusOr<MeasureReport> report = measurer.Next(kPatience);
    if (absl::IsDeadlineExceeded(report.status())) {
      const std::string reason = measurer.waiting_reason();
      if (!reason.empty() && reason != said) std::fprintf(stderr, "waiting: %s\n", reason.c_str());
      said = reason;
      continue;
    }
    TUNEFARM_RETURN_IF_ERROR(report.status());
    if (report->outcome == Outcome::kOk) return report;
    return absl::FailedPreconditionError(absl::StrFormat("config %s: %s in phase %s: %s", config,
                                                         Name(report->outcome), report->phase,
                                                         report->error));
  }
}

}  // namespace tunefarm::tuner
