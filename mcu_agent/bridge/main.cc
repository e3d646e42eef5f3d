// tuner-mcu-agent: speaks for a board without an operating system to a tracker.
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <thread>

#include "absl/strings/str_format.h"
#include "base/log.h"
#include "base/mutex.h"
#include "base/status.h"
#include "device_agent/agent.h"
#include "device_agent/agent_process.h"
#include "mcu_agent/bridge/board_device.h"
#include "mcu_agent/bridge/bridge_flags.h"
#include "mcu_agent/bridge/bridge_runner.h"
#include "mcu_agent/bridge/openocd_board.h"

namespace tunefarm::mcu_agent {
namespace {

constexpr int kFailed = 1;
// A probe that is plugged in again is noticed within this time.
constexpr absl::Duration kReviveInterval = absl::Seconds(10);

// Tries again and again to bring up a board that is out of service.
class Reviver {
 public:
  explicit Reviver(BridgeRunner* runner) : thread_([this, runner] { Watch(runner); }) {}
  ~Reviver() {
    {
      base::MutexLock lock(&mutex_);
      stopping_ = true;
      changed_.NotifyAll();
    }
    thread_.join();
  }

 private:
  void Watch(BridgeRunner* runner) {
    while (AwaitNextTry()) {
      // The runner says itself what came of it, in the log and to the tracker.
      if (!runner->unavailable_reason().empty()) runner->BringUp().IgnoreError();
    }
  }

  bool AwaitNextTry() {
    base::MutexLock lock(&mutex_);
    const absl::Duration end = base::RealClock().SteadyNow() + kReviveInterval;
    while (!stopping_ && base::RealClock().SteadyNow() < end) {
      changed_.WaitFor(&mutex_, end - base::RealClock().SteadyNow());
    }
    return !stopping_;
  }

  base::Mutex mutex_;
  base::CondVar changed_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

absl::StatusOr<BoardMap> FindBoard(const BridgeFlags& flags) {
  const std::string dir = flags.boards_dir.empty() ? DefaultBoardsDir() : flags.boards_dir;
  TUNEFARM_ASSIGN_OR_RETURN(BoardMap board, LoadBoardMap(dir, flags.board));
  if (flags.emulated && !board.emulator) {
    return absl::InvalidArgumentError(
        absl::StrFormat("--board emulated:%s: there is no emulator of this board", flags.board));
  }
  if (!flags.emulated && board.emulator) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "--board %s: this board is emulated, say emulated:%s", flags.board, flags.board));
  }
  return board;
}

absl::StatusOr<OpenOcdBoardOptions> BoardOptions(const BridgeFlags& flags) {
  OpenOcdBoardOptions options;
  options.openocd = flags.openocd;
  options.serial = flags.serial;
  options.power_hook = flags.power_hook;
  if (flags.emulated) {
    TUNEFARM_ASSIGN_OR_RETURN(const std::string dir, base::OwnDirectory());
    options.emulated_board = dir + "/tuner-emulated-board";
  }
  return options;
}

absl::StatusOr<QuarantineList> OpenQuarantine(const std::string& state_dir) {
  if (state_dir.empty()) return QuarantineList::Open("");
  std::error_code error;
  std::filesystem::create_directories(state_dir, error);
  if (error) {
    return absl::FailedPreconditionError(
        absl::StrFormat("--state-dir %s: %s", state_dir, error.message()));
  }
  return QuarantineList::Open(state_dir + "/quarantined-kernels.jsonl");
}

// Where the agent is connected, on stdout; and whether its board can be used.
void SayConnected(const BridgeFlags& flags, const std::string& unavailable) {
  std::printf("connected to %s as %s%s%s\n", flags.tracker.c_str(), flags.name.c_str(),
              unavailable.empty() ? "" : ", unavailable: ", unavailable.c_str());
  std::fflush(stdout);
}

absl::Status Serve(const BridgeFlags& flags) {
  TUNEFARM_ASSIGN_OR_RETURN(const BoardMap board, FindBoard(flags));
  TUNEFARM_ASSIGN_OR_RETURN(v1::DeviceInfo device, DescribeBoard(board));
  TUNEFARM_ASSIGN_OR_RETURN(QuarantineList quarantine, OpenQuarantine(flags.state_dir));
  TUNEFARM_ASSIGN_OR_RETURN(const OpenOcdBoardOptions board_options, BoardOptions(flags));
  device.set_name(flags.name);
  device.set_max_batch(flags.batch);
  device.mutable_tags()->insert(flags.tags.begin(), flags.tags.end());

  const Pace pace;
  OpenOcdBoard control(board_options, &board, &pace);
  BridgeOptions options;
  options.triple = device.triple();
  options.has_power_hook = OpenOcdBoard::HasPower(board_options);
  options.run_quarantined = flags.run_quarantined;
  BridgeRunner runner(std::move(options), &board, &control, &quarantine, &pace);

  device_agent::AgentOptions agent_options;
  agent_options.tracker = flags.tracker;
  agent_options.device = std::move(device);
  device_agent::DrawIdentity(&agent_options);
  TUNEFARM_ASSIGN_OR_RETURN(agent_options.token, device_agent::ReadToken(flags.token_file));
  agent_options.read_unavailable = [&] { return runner.unavailable_reason(); };
  agent_options.on_welcome = [&] { SayConnected(flags, runner.unavailable_reason()); };
  // Before the tracker hears of it, so that it hears at once whether the board is there.
  runner.BringUp().IgnoreError();
  device_agent::Agent agent(std::move(agent_options), &runner);
  const device_agent::SignalWatch watch(&agent);
  const Reviver reviver(&runner);
  return agent.Run();
}

int Main(int argc, char** argv) {
  const pid_t parent = getppid();
  int exit_code = 0;
  const std::optional<BridgeFlags> flags = ParseBridgeFlags(argc, argv, &exit_code);
  if (!flags) return exit_code;
  base::InitLog("tuner-mcu-agent", flags->log_level);
  device_agent::SignalWatch::Block();
  absl::Status status =
      flags->die_with_parent ? device_agent::DieWithParent(parent) : absl::OkStatus();
  if (status.ok()) status = Serve(*flags);
  if (status.ok()) return EXIT_SUCCESS;
  std::fprintf(stderr, "tuner-mcu-agent: %s\n", base::OneLine(status).c_str());
  return kFailed;
}

}  // namespace
}  // namespace tunefarm::mcu_agent

int main(int argc, char** argv) { return tunefarm::mcu_agent::Main(argc, argv); }
