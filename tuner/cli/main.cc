// tuner: the one command people type. See command.h for how a command is added.
#include <cstdio>
#include <optional>

#include "CLI/CLI.hpp"
#include "absl/strings/str_format.h"
#include "base/log.h"
#include "compiler/artifact/artifact.h"
#include "tracker/tracker_server.h"
#include "tuner/cli/command.h"
#include "tuner/measure/build_worker.h"

namespace tunefarm::tuner {
namespace {

void AddCommands(CLI::App& app, Action& action) {
  AddTune(app, action);
  AddQuery(app, action);
  AddBench(app, action);
  AddReplay(app, action);
  AddDeploy(app, action);
  AddServe(app, action);
  AddTargets(app, action);
  AddWorkloads(app, action);
  AddTask(app, action);
  AddDevice(app, action);
  AddDoctor(app, action);
}

// What the person got wrong, in their own words where CLI11 only says what is missing.
std::string UsageMessage(const CLI::App& app, const CLI::ParseError& error) {
  const CLI::App* innermost = &app;
  while (!innermost->get_subcommands().empty()) innermost = innermost->get_subcommands().front();
  const std::vector<std::string> unknown = innermost->remaining();
  if (error.get_name() != "RequiredError" || unknown.empty()) return error.what();
  return absl::StrFormat("'%s' is no command of %s", unknown.front(), innermost->get_name());
}

int Main(int argc, char** argv) {
  CLI::App app("Finds the fastest code for a tensor operator on the machine that will run it.");
  app.name("tuner");
  app.require_subcommand(1);
  app.set_version_flag("--version", compiler::Toolchain());
  app.footer(
      "Exit codes: 0 done, 1 failed, 2 wrong usage, 3 nothing found. TUNEFARM_LOG=debug shows what "
      "happens inside.\n"
      "Start with: tuner doctor; tuner tune matmul/f32/256x256x256");
  Action action;
  AddCommands(app, action);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // --help, --version
    PrintError(absl::InvalidArgumentError(UsageMessage(app, error) + " (see --help)"));
    return kExitUsage;
  }
  base::InitLog("tuner");
  tracker::RouteGrpcLog();
  absl::Status status = action();
  if (std::fflush(stdout) != 0 && status.ok())
    status = absl::InternalError("stdout cannot be written");
  if (!status.ok()) PrintError(status);
  return ExitCode(status);
}

}  // namespace
}  // namespace tunefarm::tuner

int main(int argc, char** argv) {
  if (const std::optional<int> code = tunefarm::tuner::RunAsBuildWorker(argc, argv)) return *code;
  return tunefarm::tuner::Main(argc, argv);
}
