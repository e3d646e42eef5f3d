#include "tuner/cli/measuring.h"

#include <unistd.h>

#include <cstdio>
#include <vector>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "base/status.h"
#include "compiler/target/target.h"
#include "proto/code_memory.h"
#include "tuner/cli/command.h"
#include "tuner/measure/wire.h"

namespace tunefarm::tuner {
namespace {

constexpr uint32_t kNumSamples = 25;
constexpr absl::Duration kAnswer = absl::Seconds(4);    // Of the tracker on this machine.
constexpr absl::Duration kPatience = absl::Seconds(2);  // Before it is said what is waited for.

// Nobody else can join the farm that is started here.
absl::Status CheckRunsHere(const std::string& target_text) {
  TUNEFARM_ASSIGN_OR_RETURN(const compiler::Target target, compiler::ParseTarget(target_text));
  TUNEFARM_ASSIGN_OR_RETURN(const compiler::Target host, compiler::ParseTarget("native"));
  if (Architecture(target.triple) == Architecture(host.triple)) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrFormat(
      "target %s is for %s and this machine is %s: name who measures, --tracker HOST:PORT or "
      "--board NAME",
      target.name.empty() ? target_text : target.name, Architecture(target.triple),
      Architecture(host.triple)));
}

// The same for the board that is plugged in here. `board` is the only device of `farm`.
absl::Status CheckBoardRuns(Farm& farm, const std::string& board, const std::string& target_text) {
  TUNEFARM_ASSIGN_OR_RETURN(const compiler::Target target, compiler::ParseTarget(target_text));
  const v1::DeviceRequirement requirement = RequirementOf(target);
  TUNEFARM_ASSIGN_OR_RETURN(const std::vector<v1::DeviceEntry> devices,
                            farm.tracker().ListDevices(kAnswer));
  for (const v1::DeviceEntry& device : devices) {
    if (Architecture(device.info().triple()) != requirement.architecture()) {
      return absl::InvalidArgumentError(
          absl::StrFormat("kernels of this target (%s) are for %s and board %s is %s", target.cpu,
                          requirement.architecture(), board, Architecture(device.info().triple())));
    }
    const std::string missing = MissingFeature(device.info(), requirement);
    if (missing.empty()) continue;
    const auto& has = device.info().features();
    return absl::InvalidArgumentError(absl::StrFormat(
        "kernels of this target (%s) need %s; board %s has %s%s", target.cpu, missing, board,
        has.empty() ? "no features" : absl::StrJoin(has, ", "),
        missing == TUNEFARM_CODE_FEATURE_PREFIX "flash" ? " (flash: with --use-flash)" : ""));
  }
  return absl::OkStatus();
}

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
  command
      .add_flag(
          "--use-flash", options.use_flash,
          "Kernels may be programmed into the flash that the board's map names: what is there "
          "is lost, and it wears")
      ->needs("--board");
  command.add_flag(
      "--emulated", options.emulated,
      "Measure on emulators; without it, on hardware where any that fits is connected");
}

absl::StatusOr<std::unique_ptr<Farm>> OpenFarm(const FarmOptions& options,
                                               const std::string& target) {
  if (options.tracker.empty() && options.board.empty() && !target.empty()) {
    TUNEFARM_RETURN_IF_ERROR(CheckRunsHere(target));
  }
  FarmSpec spec;
  spec.owner = absl::StrFormat("%s:%d", Owner(), getpid());
  if (!options.board.empty()) {
    spec.local.board = options.board;
    spec.local.serial = options.serial;
    spec.local.use_flash = options.use_flash;
    // Of "emulated:mps2-an500", the part that names the board.
    spec.local.device_name = options.board.substr(options.board.find(':') + 1);
  }
  if (options.emulated) spec.emulated = true;
  if (!options.tracker.empty()) {
    TUNEFARM_ASSIGN_OR_RETURN(spec.tracker, MakeAddress(options.tracker, options.token_file));
  }
  absl::StatusOr<std::unique_ptr<Farm>> farm = Farm::Open(spec);
  if (absl::IsNotFound(farm.status()))
    return absl::FailedPreconditionError(std::string(farm.status().message()));
  TUNEFARM_RETURN_IF_ERROR(farm.status());
  if (!options.board.empty() && !target.empty()) {
    TUNEFARM_RETURN_IF_ERROR(CheckBoardRuns(**farm, options.board, target));
  }
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
