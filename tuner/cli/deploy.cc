// tuner deploy kernel: the best schedule of a workload as files for plain C.
#include <algorithm>
#include <cstdio>

#include "absl/strings/str_format.h"
#include "base/status.h"
#include "compiler/artifact/artifact.h"
#include "compiler/lower/lower.h"
#include "deploy/bundle/bundle.h"
#include "nlohmann/json.hpp"
#include "tuner/cli/command.h"
#include "tuner/service/best_query.h"
#include "tuner/service/config_text.h"

namespace tunefarm::tuner {
namespace {

using Json = nlohmann::ordered_json;

struct DeployKernelOptions {
  std::string workload;
  std::string target = "native";
  std::string db = kDefaultLog;
  std::string out;
  std::string symbol;
  bool include_emulated = false;
  bool json = false;
};

deploy::Provenance MakeProvenance(const TaskSetup& task, const BestSchedule& best,
                                  const compiler::Schedule& schedule) {
  deploy::Provenance provenance;
  provenance.target = task.target_text;
  provenance.config = best.config;
  provenance.space = task.space().name();
  provenance.space_hash = task.space().hash();
  provenance.schedule = Print(schedule);
  provenance.how = best.how;
  provenance.trial_id = best.trial_id;
  provenance.cost_median = best.cost_median;
  provenance.cost_mad = best.mad;
  provenance.cost_unit = best.cost_unit;
  provenance.gflops = best.gflops;
  provenance.samples = best.samples;
  provenance.device = best.device;
  provenance.emulated = best.emulated;
  return provenance;
}

// Whether the trial's kernel had this very code. The symbol differs, so the files' digests do; the
// code must not.
absl::StatusOr<bool> IsMeasuredCode(const db::TuningLog* log, const BestSchedule& best,
                                    const compiler::Artifact& artifact) {
  if (log == nullptr || best.trial_id == 0) return false;
  TUNEFARM_ASSIGN_OR_RETURN(const db::TrialRecord trial, log->GetTrial(best.trial_id));
  return trial.kernel.has_value() && trial.kernel->text_hash == artifact.text_hash;
}

void PrintDeployed(const DeployKernelOptions& options, const compiler::Artifact& artifact,
                   const deploy::Provenance& provenance,
                   const std::vector<deploy::BundleFile>& files) {
  if (options.json) {
    Json names = Json::array();
    for (const deploy::BundleFile& file : files) names.push_back(file.name);
    const Json line = {{"out", options.out},
                       {"files", std::move(names)},
                       {"symbol", artifact.run_symbol},
                       {"config", provenance.config},
                       {"how", provenance.how},
                       {"trial_id", provenance.trial_id},
                       {"same_code", provenance.measured_code}};
    std::printf("%s\n", line.dump().c_str());
    return;
  }
  std::printf("%s of %d bytes of code, schedule: %s\n", artifact.run_symbol.c_str(),
              static_cast<int>(artifact.text_bytes), provenance.how.c_str());
  for (const deploy::BundleFile& file : files)
    std::printf("  %s/%s\n", options.out.c_str(), file.name.c_str());
  if (provenance.trial_id == 0) {
    std::printf(
        "nothing of it has been measured: 'tuner tune' first for a kernel that is known to be "
        "fast\n");
  } else if (!provenance.measured_code) {
    std::printf(
        "the code is not bit for bit that of trial %lld: another compiler version built it (%s)\n",
        static_cast<long long>(provenance.trial_id), artifact.toolchain.c_str());
  }
  const bool has_system = std::none_of(files.begin(), files.end(),
                                       [](const auto& file) { return file.name == "board.ld"; });
  if (has_system) {
    std::printf("try it:  cd %s && cc example.c libkernel.a -lm && ./a.out\n", options.out.c_str());
  } else {
    std::printf("try it:  cd %s; the head of example.c says how to build and emulate it\n",
                options.out.c_str());
  }
}

absl::Status RunDeployKernel(const DeployKernelOptions& options) {
  TUNEFARM_ASSIGN_OR_RETURN(const TaskSetup task, SetUpTask(options.workload, options.target));
  const std::string symbol =
      options.symbol.empty() ? deploy::DefaultSymbol(task.workload) : options.symbol;
  if (!deploy::IsValidSymbol(symbol)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("--symbol '%s' is not a C identifier that begins with a letter", symbol));
  }
  TUNEFARM_ASSIGN_OR_RETURN(const std::unique_ptr<db::TuningLog> log, OpenLogIfThere(options.db));
  TUNEFARM_ASSIGN_OR_RETURN(const BestSchedule best,
                            FindBest(task, log.get(), options.include_emulated));
  const absl::StatusOr<compiler::Config> config = ParseConfig(task.space(), best.config);
  if (!config.ok()) {
    return absl::FailedPreconditionError(
        absl::StrFormat("trial %d was measured in another version of its space: %s; tune again",
                        best.trial_id, std::string(config.status().message())));
  }
  TUNEFARM_ASSIGN_OR_RETURN(const compiler::Operator op, compiler::BuildOperator(task.workload));
  TUNEFARM_ASSIGN_OR_RETURN(const compiler::Schedule schedule, task.bound->MakeSchedule(*config));
  TUNEFARM_ASSIGN_OR_RETURN(const compiler::LoweredKernel kernel, compiler::Lower(op, schedule));
  TUNEFARM_ASSIGN_OR_RETURN(const compiler::Artifact artifact,
                            compiler::BuildArtifact(kernel, task.target, symbol));
  deploy::Provenance provenance = MakeProvenance(task, best, schedule);
  TUNEFARM_ASSIGN_OR_RETURN(provenance.measured_code, IsMeasuredCode(log.get(), best, artifact));
  TUNEFARM_ASSIGN_OR_RETURN(const std::vector<deploy::BundleFile> files,
                            deploy::MakeBundle(op, artifact, provenance));
  TUNEFARM_RETURN_IF_ERROR(deploy::WriteBundle(files, options.out));
  PrintDeployed(options, artifact, provenance, files);
  if (best.how == "default" && !options.include_emulated) {
    HintAtEmulated(FindBest(task, log.get(), /*include_emulated=*/true));
  }
  return absl::OkStatus();
}

void AddKernelOptions(CLI::App& command, DeployKernelOptions& options) {
  AddWorkloadOption(command, options.workload);
  AddTargetOption(command, options.target);
  AddLogOption(command, options.db);
  command.add_option("-o,--out", options.out, "Folder for the files; made where there is none")
      ->required();
  command.add_option("--symbol", options.symbol,
                     "Name of the C function; by default made from the workload's key");
  command.add_flag("--include-emulated", options.include_emulated,
                   "Take an emulator's timing where there is none of hardware");
  AddJsonFlag(command, options.json);
}

}  // namespace

void AddDeploy(CLI::App& app, Action& action) {
  CLI::App* deploy = app.add_subcommand("deploy", "Ship what has been tuned");
  deploy->require_subcommand(1);
  CLI::App* kernel = AddCommand<DeployKernelOptions>(
      *deploy, action, "kernel",
      "Write a kernel as kernel.o, kernel.h, libkernel.a, manifest.json and example.c",
      AddKernelOptions, RunDeployKernel);
  kernel->footer(
      "Takes the best schedule of the log, or the template's analytic default where nothing was "
      "measured;\n"
      "manifest.json says which. example.c checks the kernel: cc example.c libkernel.a -lm && "
      "./a.out");
}

}  // namespace tunefarm::tuner
