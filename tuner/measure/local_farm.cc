#include "tuner/measure/local_farm.h"

#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "base/status.h"

namespace tunefarm::tuner {
namespace {

using base::ReadyProgram;

constexpr char kListening[] = "listening on ";
// In tuner-mcu-agent's first line, where its board cannot be used.
constexpr char kUnavailable[] = ", unavailable: ";
// A board that does not come up is given every cure first.
constexpr absl::Duration kBoardTimeout = absl::Minutes(2);

absl::StatusOr<ReadyProgram> Start(const std::string& path, const std::vector<std::string>& args,
                                   absl::Duration timeout) {
  absl::StatusOr<ReadyProgram> program = base::StartProgram(path, args, timeout);
  if (absl::IsNotFound(program.status())) {
    return base::Annotate(program.status(), "a local device");
  }
  return program;
}

// The agent that speaks for the device: of this machine, or of the board that was asked for.
std::vector<std::string> AgentCommand(const LocalFarmOptions& options, const std::string& tracker) {
  std::vector<std::string> command = {options.board.empty() ? "tuner-agent" : "tuner-mcu-agent",
                                      "--tracker",
                                      tracker,
                                      "--name",
                                      options.device_name,
                                      "--die-with-parent"};
  if (!options.board.empty()) command.insert(command.end(), {"--board", options.board});
  if (!options.serial.empty()) command.insert(command.end(), {"--serial", options.serial});
  if (options.use_flash) command.push_back("--use-flash");
  return command;
}

}  // namespace

absl::StatusOr<std::unique_ptr<LocalFarm>> LocalFarm::Start(const LocalFarmOptions& options) {
  std::string bin_dir = options.bin_dir;
  if (bin_dir.empty()) {
    TUNEFARM_ASSIGN_OR_RETURN(bin_dir, base::OwnDirectory());
  }
  TUNEFARM_ASSIGN_OR_RETURN(
      ReadyProgram tracker,
      tuner::Start(bin_dir + "/tuner-tracker", {"--listen", "127.0.0.1:0"}, options.start_timeout));
  if (!tracker.ready_line.starts_with(kListening)) {
    return absl::UnavailableError(
        absl::StrFormat("tuner-tracker says \"%s\", not where it listens", tracker.ready_line));
  }
  const std::string host_port = tracker.ready_line.substr(sizeof(kListening) - 1);
  // It says that it is connected once the tracker has welcomed it.
  std::vector<std::string> command = AgentCommand(options, host_port);
  const std::string path = bin_dir + "/" + command.front();
  command.erase(command.begin());
  const absl::Duration patience = options.board.empty() ? options.start_timeout : kBoardTimeout;
  TUNEFARM_ASSIGN_OR_RETURN(ReadyProgram agent, tuner::Start(path, command, patience));
  const size_t unavailable = agent.ready_line.find(kUnavailable);
  if (unavailable != std::string::npos) {
    return absl::UnavailableError(
        absl::StrFormat("board %s: %s", options.board,
                        agent.ready_line.substr(unavailable + sizeof(kUnavailable) - 1)));
  }
  return std::unique_ptr<LocalFarm>(new LocalFarm(std::move(tracker), std::move(agent), host_port));
}

LocalFarm::LocalFarm(ReadyProgram tracker, ReadyProgram agent, std::string host_port)
    : host_port_(std::move(host_port)), tracker_(std::move(tracker)), agent_(std::move(agent)) {}

LocalFarm::~LocalFarm() = default;

absl::Status LocalFarm::CheckHealth() {
  base::MutexLock lock(&mutex_);
  for (ReadyProgram* program : {&tracker_, &agent_}) {
    if (!program->process.IsRunning()) return base::EndedError(program);
  }
  return absl::OkStatus();
}

}  // namespace tunefarm::tuner
