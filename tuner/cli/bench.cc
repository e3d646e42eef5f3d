// tuner bench: the time of one config beside the peak of the core that ran it.
#include <cstdio>

#include "absl/strings/str_format.h"
#include "base/status.h"
#include "nlohmann/json.hpp"
#include "tuner/cli/command.h"
#include "tuner/cli/measuring.h"
#include "tuner/service/best_query.h"
#include "tuner/service/config_text.h"

namespace tunefarm::tuner {
namespace {

using Json = nlohmann::ordered_json;

struct BenchOptions {
  std::string workload;
  std::string target = "native";
  std::string config = "best";
  std::string db = kDefaultLog;
  FarmOptions farm;
  bool json = false;
};

// The named knobs that `text` means: best, default, an index or the knobs themselves.
absl::StatusOr<std::string> ResolveConfig(const TaskSetup& task, const std::string& text,
                                          const std::string& db) {
  if (text == "best") {
    TUNEFARM_ASSIGN_OR_RETURN(const std::unique_ptr<db::TuningLog> log, OpenLogIfThere(db));
    TUNEFARM_ASSIGN_OR_RETURN(const BestSchedule best, FindBest(task, log.get(), false));
    return best.config;
  }
  if (text == "default") return task.space().Print(task.default_config);
  TUNEFARM_ASSIGN_OR_RETURN(const compiler::Config config, ParseConfig(task.space(), text));
  return task.space().Print(config);
}

void PrintBench(const TaskSetup& task, const std::string& config, const MeasureReport& report,
                double peak_gflops, bool json) {
  const double gflops = task.GigaflopsAt(report.median_ns);
  if (json) {
    const Json line = {{"workload", task.workload_key},
                       {"target", task.target_text},
                       {"config", config},
                       {"median_ns", report.median_ns},
                       {"mad_ns", report.mad_ns},
                       {"samples_ns", report.samples_ns},
                       {"gflops", gflops},
                       {"peak_gflops", peak_gflops},
                       {"device", report.device},
                       {"emulated", report.emulated}};
    std::printf("%s\n", line.dump().c_str());
    return;
  }
  std::printf("workload  %s\ntarget    %s\nconfig    %s\n", task.workload_key.c_str(),
              task.target_text.c_str(), config.c_str());
  std::printf("time      %s, median of %d samples, mad %s, on %s%s\n",
              FormatDuration(report.median_ns).c_str(), static_cast<int>(report.samples_ns.size()),
              FormatDuration(report.mad_ns).c_str(), report.device.c_str(),
              report.emulated ? " (an emulator's timing)" : "");
  if (gflops > 0) {
    std::printf(
        "speed     %.2f GFLOP/s, %.1f %% of this core's f32 FMA peak (%.2f GFLOP/s, same run)\n",
        gflops, 100 * gflops / peak_gflops, peak_gflops);
  }
}

absl::Status RunBench(const BenchOptions& options) {
  TUNEFARM_ASSIGN_OR_RETURN(const TaskSetup task, SetUpTask(options.workload, options.target));
  TUNEFARM_ASSIGN_OR_RETURN(const std::string config,
                            ResolveConfig(task, options.config, options.db));
  TUNEFARM_ASSIGN_OR_RETURN(const std::unique_ptr<Farm> farm,
                            OpenFarm(options.farm, options.target));
  const std::unique_ptr<Measurer> measurer = farm->NewMeasurer();
  TUNEFARM_ASSIGN_OR_RETURN(const MeasureReport report,
                            MeasureConfig(*measurer, task.workload_key, task.target_text, config));
  TUNEFARM_ASSIGN_OR_RETURN(const double peak_flops, measurer->MeasurePeakFlops(task.target_text));
  PrintBench(task, config, report, peak_flops / 1e9, options.json);
  return absl::OkStatus();
}

void AddBenchOptions(CLI::App& command, BenchOptions& options) {
  command.add_option("workload", options.workload, "Workload key")->required();
  AddTargetOption(command, options.target);
  command
      .add_option("--config", options.config,
                  "best (of the log), default (the analytic one), an index of the space, or knobs: "
                  "name=value,...")
      ->capture_default_str();
  AddLogOption(command, options.db);
  AddFarmOptions(command, options.farm);
  AddJsonFlag(command, options.json);
}

}  // namespace

void AddBench(CLI::App& app, Action& action) {
  AddCommand<BenchOptions>(app, action, "bench", "Measure one config, and the FMA peak beside it",
                           AddBenchOptions, RunBench);
}

}  // namespace tunefarm::tuner
