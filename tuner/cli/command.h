// What the commands of `tuner` share: how they register, how they end, and the words most of them
// take.
//
// Each file of this folder adds one command to the program by its Add function: options, and what
// runs once the arguments have been parsed. A command returns a Status; main prints it in one line
// and turns it into an exit code.
#ifndef TUNEFARM_TUNER_CLI_COMMAND_H_
#define TUNEFARM_TUNER_CLI_COMMAND_H_

#include <functional>
#include <memory>
#include <string>

#include "CLI/CLI.hpp"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "db/tuning_log.h"
#include "tuner/measure/tracker_client.h"
#include "tuner/session/event.h"

namespace tunefarm::tuner {

inline constexpr int kExitDone = 0;
inline constexpr int kExitFailed = 1;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitNotFound = 3;

// 0 for OK, 2 for kInvalidArgument, 3 for kNotFound, else 1. Commands hand on only what they mean
// by that: a file that is not there is no kNotFound of theirs (see OpenLog).
int ExitCode(const absl::Status& status);

// "tuner: message" on stderr, in one line.
void PrintError(const absl::Status& status);

// What a command does after the arguments have been parsed.
using Action = std::function<absl::Status()>;

// Registers a command. `Options` is its struct of options, made here; `add_options` binds them to
// the command line; `run` gets them when the command was chosen.
template <typename Options>
CLI::App* AddCommand(CLI::App& parent, Action& action, const std::string& name,
                     const std::string& description,
                     const std::function<void(CLI::App&, Options&)>& add_options,
                     absl::Status (*run)(const Options&)) {
  auto options = std::make_shared<Options>();
  CLI::App* command = parent.add_subcommand(name, description);
  add_options(*command, *options);
  command->callback([options, run, &action] { action = [options, run] { return run(*options); }; });
  return command;
}

// One per file.
void AddTune(CLI::App& app, Action& action);
void AddQuery(CLI::App& app, Action& action);
void AddBench(CLI::App& app, Action& action);
void AddReplay(CLI::App& app, Action& action);
void AddDeploy(CLI::App& app, Action& action);
void AddServe(CLI::App& app, Action& action);
void AddTargets(CLI::App& app, Action& action);
void AddWorkloads(CLI::App& app, Action& action);
void AddTask(CLI::App& app, Action& action);
void AddDevice(CLI::App& app, Action& action);
void AddDeviceShow(CLI::App& device, Action& action);  // show, drain, undrain.
void AddDoctor(CLI::App& app, Action& action);

// ---- options and words that several commands share ---------------------------------------------

inline constexpr char kDefaultLog[] = "tuner.db";

void AddWorkloadOption(CLI::App& command, std::string& workload);  // --workload, required.
void AddTargetOption(CLI::App& command,
                     std::string& target);                // --target, "native" where not given.
void AddLogOption(CLI::App& command, std::string& path);  // --db
void AddJsonFlag(CLI::App& command, bool& json);          // --json
void AddTokenFileOption(CLI::App& command, std::string& path);  // --token-file

// A HOST:PORT that somebody listens on, and the token in `token_file` ("": none). Errors:
// kInvalidArgument.
absl::StatusOr<TrackerAddress> MakeAddress(const std::string& host_port,
                                           const std::string& token_file);

// Opens a log that the command cannot do without: every error is kFailedPrecondition or stays what
// it is, none is kNotFound or kInvalidArgument.
absl::StatusOr<std::unique_ptr<db::TuningLog>> OpenLog(const std::string& path, db::OpenMode mode);
// For reading where there may be none: null if the file does not exist.
absl::StatusOr<std::unique_ptr<db::TuningLog>> OpenLogIfThere(const std::string& path);

// Timings of emulators stand aside unless asked for: who gets the default hears on stderr that they
// exist. `best` is the answer with them.
void HintAtEmulated(const absl::StatusOr<BestSchedule>& best);

// "user@host": who asks, for people.
std::string Owner();

// "1.234 ms", "56.7 us": a duration for people.
std::string FormatDuration(double ns);
// "1.234 ms", "440085 instructions".
std::string FormatCost(double cost, const std::string& unit);

}  // namespace tunefarm::tuner

#endif  // TUNEFARM_TUNER_CLI_COMMAND_H_
