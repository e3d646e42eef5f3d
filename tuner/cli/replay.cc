// tuner replay: a trial of the log, built again to the same bytes and measured again.
#include <cstdio>

#include "absl/strings/str_format.h"
#include "base/status.h"
#include "nlohmann/json.hpp"
#include "tuner/cli/command.h"
#include "tuner/cli/measuring.h"

namespace tunefarm::tuner {
namespace {

using Json = nlohmann::ordered_json;

struct ReplayOptions {
  int64_t trial_id = 0;
  std::string db = kDefaultLog;
  FarmOptions farm;
  bool json = false;
};

// Why the rebuilt kernel is another one.
std::string Difference(const db::TrialRecord& trial, const MeasureReport& report) {
  if (trial.kernel->toolchain != report.toolchain) {
    return absl::StrFormat("it was built with '%s', this tuner is '%s'", trial.kernel->toolchain,
                           report.toolchain);
  }
  return absl::StrFormat("the toolchain is the same ('%s'): this is a defect of the compiler",
                         report.toolchain);
}

void PrintReplay(const db::TrialRecord& trial, const MeasureReport& report, bool same, bool json) {
  if (json) {
    const Json line = {{"trial_id", trial.id},
                       {"workload", trial.workload},
                       {"target", trial.target},
                       {"config", trial.config},
                       {"same_kernel", same},
                       {"digest", report.artifact_digest},
                       {"logged_median_ns", trial.cost_ns},
                       {"median_ns", report.median_ns},
                       {"mad_ns", report.mad_ns},
                       {"samples_ns", report.samples_ns},
                       {"device", report.device},
                       {"toolchain", report.toolchain}};
    std::printf("%s\n", line.dump().c_str());
    return;
  }
  std::printf("trial     %lld: %s\n", static_cast<long long>(trial.id), trial.workload.c_str());
  std::printf("target    %s\nconfig    %s\n", trial.target.c_str(), trial.config.c_str());
  std::printf("kernel    %s %s\n", report.artifact_digest.c_str(),
              same ? "(the very same)" : "(another one)");
  std::printf("then      %s on %s\n", FormatDuration(trial.cost_ns).c_str(), trial.device.c_str());
  std::printf("now       %s on %s (%+.1f %%), median of %d samples, mad %s\n",
              FormatDuration(report.median_ns).c_str(), report.device.c_str(),
              100 * (report.median_ns / trial.cost_ns - 1),
              static_cast<int>(report.samples_ns.size()), FormatDuration(report.mad_ns).c_str());
}

absl::Status RunReplay(const ReplayOptions& options) {
  TUNEFARM_ASSIGN_OR_RETURN(const std::unique_ptr<db::TuningLog> log,
                            OpenLog(options.db, db::OpenMode::kReadOnly));
  TUNEFARM_ASSIGN_OR_RETURN(const db::TrialRecord trial, log->GetTrial(options.trial_id));
  if (trial.outcome != db::Outcome::kOk || !trial.kernel.has_value()) {
    return absl::FailedPreconditionError(
        absl::StrFormat("trial %d cannot be measured again: it ended as %s%s%s", trial.id,
                        db::ToText(trial.outcome), trial.error.empty() ? "" : ": ", trial.error));
  }
  TUNEFARM_ASSIGN_OR_RETURN(const std::unique_ptr<Farm> farm, OpenFarm(options.farm, trial.target));
  const std::unique_ptr<Measurer> measurer = farm->NewMeasurer();
  TUNEFARM_ASSIGN_OR_RETURN(const MeasureReport report,
                            MeasureConfig(*measurer, trial.workload, trial.target, trial.config));
  const bool same = report.artifact_digest == trial.kernel->digest;
  PrintReplay(trial, report, same, options.json);
  if (same) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrFormat("trial %d: the rebuilt kernel differs from the logged %s: %s", trial.id,
                      trial.kernel->digest.substr(0, 12), Difference(trial, report)));
}

}  // namespace

void AddReplay(CLI::App& app, Action& action) {
  AddCommand<ReplayOptions>(
      app, action, "replay", "Rebuild a trial's very kernel, check its hash and measure it again",
      [](CLI::App& command, ReplayOptions& options) {
        command
            .add_option("trial", options.trial_id, "Number of the trial, as 'query best' shows it")
            ->required()
            ->check(CLI::PositiveNumber);
        AddLogOption(command, options.db);
        AddFarmOptions(command, options.farm);
        AddJsonFlag(command, options.json);
      },
      RunReplay);
}

}  // namespace tunefarm::tuner
