// tuner tune: one task, in the foreground on a farm of this machine or another's, or in a daemon.
#include <cstdio>

#include "absl/strings/str_format.h"
#include "base/status.h"
#include "tuner/cli/command.h"
#include "tuner/cli/event_printer.h"
#include "tuner/cli/interrupt.h"
#include "tuner/cli/measuring.h"
#include "tuner/cli/progress.h"
#include "tuner/cli/watching.h"
#include "tuner/service/config_text.h"
#include "tuner/service/task_records.h"
#include "tuner/session/session.h"
#include "tuner/session/task_setup.h"

namespace tunefarm::tuner {
namespace {

struct TuneOptions {
  SessionSpec spec;
  std::string db = kDefaultLog;
  FarmOptions farm;
  std::string server;
  std::string objective = Name(Objective::kInstructions);
  bool json = false;
};

// The steps of the winner's schedule; "" where they cannot be told (its config is of another
// version of the space).
std::string ScheduleText(const SessionSpec& spec, const std::string& config_text) {
  const absl::StatusOr<TaskSetup> setup = SetUpTask(spec.workload, spec.target);
  if (!setup.ok()) return "";
  const absl::StatusOr<compiler::Config> config = ParseConfig(setup->space(), config_text);
  if (!config.ok()) return "";
  const absl::StatusOr<compiler::Schedule> schedule = setup->bound->MakeSchedule(*config);
  return schedule.ok() ? Print(*schedule) : "";
}

// The last words for people; what a session that found nothing returns.
absl::Status Conclude(const TuneOptions& options, const SessionSpec& spec,
                      const SessionSummary& summary) {
  if (!options.json) {
    std::fputs(
        RenderSummary(summary, summary.has_best ? ScheduleText(spec, summary.best.config) : "")
            .c_str(),
        stdout);
    const bool in_file = options.server.empty();
    std::printf("%s    %s, task %d\n", in_file ? "log   " : "daemon",
                in_file ? options.db.c_str() : options.server.c_str(),
                static_cast<int>(summary.task_id));
  }
  const bool was_stopped =
      summary.stop_reason == "interrupted" || summary.stop_reason == "cancelled";
  if (summary.has_best || was_stopped) return absl::OkStatus();
  if (summary.trials == 0) {
    return absl::FailedPreconditionError(
        absl::StrFormat("no trial was made: the session ended by %s", summary.stop_reason));
  }
  return absl::FailedPreconditionError(absl::StrFormat(
      "none of %d trials gave a result: %s", summary.trials, RenderOutcomes(summary.outcomes)));
}

absl::Status TuneHere(const TuneOptions& options, const SessionSpec& spec) {
  TUNEFARM_ASSIGN_OR_RETURN(const std::unique_ptr<db::TuningLog> log,
                            OpenLog(options.db, db::OpenMode::kReadWriteCreate));
  TUNEFARM_ASSIGN_OR_RETURN(const std::unique_ptr<Farm> farm, OpenFarm(options.farm, spec.target));
  const std::unique_ptr<Measurer> measurer = farm->NewMeasurer();
  const std::atomic<bool>& stop = StopOnInterrupt();
  const std::unique_ptr<EventPrinter> printer = MakeEventPrinter(options.json, spec.max_seconds);
  bool said_stopping = false;
  const absl::StatusOr<SessionSummary> summary =
      RunSession(spec, *measurer, *log, stop, [&](const TuningEvent& event) {
        if (stop && !said_stopping)
          printer->Note("stopping: running trials are finished, all results are kept");
        said_stopping = stop;
        printer->Print(event);
      });
  printer->Finish();
  TUNEFARM_RETURN_IF_ERROR(summary.status());
  return Conclude(options, spec, *summary);
}

absl::Status TuneInDaemon(const TuneOptions& options, const SessionSpec& spec) {
  TUNEFARM_ASSIGN_OR_RETURN(const TrackerAddress address,
                            MakeAddress(options.server, options.farm.token_file));
  TunerClient client(address);
  TUNEFARM_ASSIGN_OR_RETURN(const int64_t task_id, client.Submit(spec));
  WatchOptions watch;
  watch.json = options.json;
  watch.max_seconds = spec.max_seconds;
  watch.cancel_on_interrupt = true;
  TUNEFARM_ASSIGN_OR_RETURN(const SessionSummary summary, WatchTask(client, task_id, watch));
  return Conclude(options, spec, summary);
}

absl::Status RunTune(const TuneOptions& options) {
  SessionSpec spec = options.spec;
  spec.owner = Owner();
  TUNEFARM_ASSIGN_OR_RETURN(spec.objective, ParseObjective(options.objective));
  // "native" in a daemon on another machine must mean this one.
  TUNEFARM_ASSIGN_OR_RETURN(spec, CheckSpec(spec));
  return options.server.empty() ? TuneHere(options, spec) : TuneInDaemon(options, spec);
}

void AddTuneOptions(CLI::App& command, TuneOptions& options) {
  SessionSpec& spec = options.spec;
  spec.target = "native";
  command
      .add_option("workload", spec.workload,
                  "Workload key, e.g. conv2d/f32/nhwc/1x56x56x64/o64k3x3s1x1p1x1/bias+relu")
      ->required();
  AddTargetOption(command, spec.target);
  command.add_option("--trials", spec.max_trials, "Stop after so many trials")
      ->check(CLI::Range(1u, 10000000u))
      ->capture_default_str();
  command.add_option("--seconds", spec.max_seconds, "Stop after so many seconds; 0: no limit")
      ->check(CLI::Range(0.0, 1e9))
      ->capture_default_str();
  AddLogOption(command, options.db);
  command
      .add_option("--seed", spec.seed,
                  "Seed of the search: the same seed, log and toolchain search alike")
      ->capture_default_str();
  command.add_option("--strategy", spec.strategy, "xgb (a cost model learns), random or grid")
      ->check(CLI::IsMember({"xgb", "random", "grid"}))
      ->capture_default_str();
  command
      .add_option("--objective", options.objective,
                  "What is made small on an emulated board: instructions, or the estimated-cycles "
                  "that they take; hardware is timed")
      ->check(CLI::IsMember({"instructions", "estimated-cycles"}))
      ->capture_default_str();
  AddFarmOptions(command, options.farm);
  command
      .add_option("--server", options.server,
                  "HOST:PORT of a 'tuner serve': tune there, in its log")
      ->excludes("--tracker");
  command.add_flag("--json", options.json, "Print one line of JSON per event");
}

}  // namespace

void AddTune(CLI::App& app, Action& action) {
  CLI::App* command = AddCommand<TuneOptions>(app, action, "tune",
                                              "Search for the fastest schedule of one workload",
                                              AddTuneOptions, RunTune);
  command->footer("Ctrl-C ends the search and keeps all results; a second one ends at once.");
}

}  // namespace tunefarm::tuner
