// tuner-mcu-agent: speaks for a board without an operating system to a tracker.
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
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
#include "spdlog/spdlog.h"

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

// In the place of a board that is not described well enough to be worked with.
class UnusableBoard final : public device_agent::KernelRunner {
 public:
  explicit UnusableBoard(std::string why) : why_(std::move(why)) {}
  const std::string& why() const { return why_; }
  absl::Status Run(const device_agent::MeasureRequest& /*request*/, std::stop_token /*stop*/,
                   const OnResult& /*on_result*/) override {
    return absl::UnavailableError(why_);
  }

 private:
  const std::string why_;
};

absl::StatusOr<BoardMap> FindBoard(const BridgeFlags& flags) {
  return LoadBoardMap(flags.boards_dir.empty() ? DefaultBoardsDir() : flags.boards_dir,
                      flags.board);
}

absl::Status CheckFlags(const BridgeFlags& flags, const BoardMap& board) {
  if (flags.emulated && !board.emulator) {
    return absl::InvalidArgumentError(
        absl::StrFormat("--board emulated:%s: there is no emulator of this board", flags.board));
  }
  if (!flags.emulated && board.emulator) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "--board %s: this board is emulated, say emulated:%s", flags.board, flags.board));
  }
  if (flags.use_flash && FlashOf(board) == nullptr) {
    return absl::InvalidArgumentError(
        absl::StrFormat("--use-flash: the map of board %s has no flash region", flags.board));
  }
  return absl::OkStatus();
}

absl::StatusOr<OpenOcdBoardOptions> BoardOptions(const BridgeFlags& flags) {
  OpenOcdBoardOptions options;
  options.openocd = flags.openocd;
  options.serial = flags.serial;
  options.usb_devices = flags.usb_devices;
  options.power_hook = flags.power_hook;
  if (flags.emulated) {
    TUNEFARM_ASSIGN_OR_RETURN(const std::string dir, base::OwnDirectory());
    options.emulated_board = dir + "/tuner-emulated-board";
  }
  return options;
}

absl::StatusOr<std::unique_ptr<QuarantineList>> OpenQuarantine(const std::string& state_dir) {
  if (state_dir.empty()) return QuarantineList::Open("");
  std::error_code error;
  std::filesystem::create_directories(state_dir, error);
  if (error) {
    return absl::FailedPreconditionError(
        absl::StrFormat("--state-dir %s: %s", state_dir, error.message()));
  }
  return QuarantineList::Open(state_dir + "/quarantined-kernels.jsonl");
}

// What agents of other boards of this kind learnt.
void Keep(const v1::Quarantine& told, const std::string& board, QuarantineList* list) {
  for (const v1::QuarantinedKernel& kernel : told.kernels()) {
    const absl::Status noted =
        list->Add(board, kernel.digest(), kernel.reason(), base::RealClock().Now());
    if (!noted.ok()) spdlog::error("{}", base::OneLine(noted));
  }
}

// Where the agent is connected, on stdout; and whether its board can be used.
void SayConnected(const BridgeFlags& flags, const std::string& unavailable) {
  std::printf("connected to %s as %s%s%s\n", flags.tracker.c_str(), flags.name.c_str(),
              unavailable.empty() ? "" : ", unavailable: ", unavailable.c_str());
  std::fflush(stdout);
}

absl::StatusOr<device_agent::AgentOptions> AgentOptionsOf(const BridgeFlags& flags,
                                                          v1::DeviceInfo device) {
  device_agent::AgentOptions options;
  options.tracker = flags.tracker;
  options.device = std::move(device);
  options.device.set_name(flags.name);
  options.device.set_max_batch(flags.batch);
  options.device.set_runs_quarantined(flags.run_quarantined);
  options.device.mutable_tags()->insert(flags.tags.begin(), flags.tags.end());
  device_agent::DrawIdentity(&options);
  TUNEFARM_ASSIGN_OR_RETURN(options.token, device_agent::ReadToken(flags.token_file));
  return options;
}

// A board whose description is wrong is listed with what is wrong, until somebody mends it and
// starts this agent anew.
absl::Status ServeUnusable(const BridgeFlags& flags, const absl::Status& why) {
  UnusableBoard board{std::string(why.message())};
  spdlog::error("{}: out of service: {}", flags.board, board.why());
  TUNEFARM_ASSIGN_OR_RETURN(device_agent::AgentOptions options,
                            AgentOptionsOf(flags, DescribeUnusable(flags.board, flags.emulated)));
  options.read_unavailable = [&board] { return board.why(); };
  options.on_welcome = [&] { SayConnected(flags, board.why()); };
  device_agent::Agent agent(std::move(options), &board);
  const device_agent::SignalWatch watch(&agent);
  return agent.Run();
}

absl::Status ServeBoard(const BridgeFlags& flags, const BoardMap& board, v1::DeviceInfo device) {
  TUNEFARM_ASSIGN_OR_RETURN(const std::unique_ptr<QuarantineList> quarantine,
                            OpenQuarantine(flags.state_dir));
  TUNEFARM_ASSIGN_OR_RETURN(const OpenOcdBoardOptions board_options, BoardOptions(flags));
  const Pace pace;
  OpenOcdBoard control(board_options, &board, &pace);
  BridgeOptions options;
  options.triple = device.triple();
  options.has_power_hook = OpenOcdBoard::HasPower(board_options);
  options.run_quarantined = flags.run_quarantined;
  BridgeRunner runner(std::move(options), &board, &control, quarantine.get(), &pace);

  TUNEFARM_ASSIGN_OR_RETURN(device_agent::AgentOptions agent_options,
                            AgentOptionsOf(flags, std::move(device)));
  agent_options.read_unavailable = [&] { return runner.unavailable_reason(); };
  agent_options.read_quarantined = [&] { return quarantine->Of(board.name); };
  agent_options.on_quarantine = [&](const v1::Quarantine& told) {
    Keep(told, board.name, quarantine.get());
  };
  agent_options.on_welcome = [&] { SayConnected(flags, runner.unavailable_reason()); };
  // Before the tracker hears of it, so that it hears at once whether the board is there.
  runner.BringUp().IgnoreError();
  device_agent::Agent agent(std::move(agent_options), &runner);
  const device_agent::SignalWatch watch(&agent);
  const Reviver reviver(&runner);
  return agent.Run();
}

absl::Status Serve(const BridgeFlags& flags) {
  absl::StatusOr<BoardMap> board = FindBoard(flags);
  if (absl::IsInvalidArgument(board.status())) return ServeUnusable(flags, board.status());
  TUNEFARM_RETURN_IF_ERROR(board.status());
  TUNEFARM_RETURN_IF_ERROR(CheckFlags(flags, *board));
  if (!flags.use_flash) board = WithoutFlash(*std::move(board));
  absl::StatusOr<v1::DeviceInfo> device = DescribeBoard(*board);
  if (!device.ok()) return ServeUnusable(flags, device.status());
  return ServeBoard(flags, *board, *std::move(device));
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
