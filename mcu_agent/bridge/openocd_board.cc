#include "mcu_agent/bridge/openocd_board.h"

#include <signal.h>

#include <utility>

#include "absl/strings/str_format.h"
#include "base/clock.h"
#include "base/status.h"
#include "mcu_agent/bridge/usb_probes.h"
#include "nlohmann/json.hpp"
#include "spdlog/spdlog.h"

namespace tunefarm::mcu_agent {
namespace {

constexpr absl::Duration kEmulatorTimeout = absl::Seconds(10);
constexpr absl::Duration kHookTimeout = absl::Seconds(30);
constexpr absl::Duration kHookPoll = absl::Milliseconds(10);

// A word of Tcl that is taken as it is. Nothing that is named by one has braces in it.
std::string Quoted(const std::string& text) { return absl::StrFormat("{%s}", text); }

}  // namespace

OpenOcdBoard::OpenOcdBoard(OpenOcdBoardOptions options, const BoardMap* board, const Pace* pace)
    : options_(std::move(options)), board_(*board), pace_(*pace) {}

OpenOcdBoard::~OpenOcdBoard() = default;

absl::Status OpenOcdBoard::Cure(Rung rung) {
  switch (rung) {
    case Rung::kReset:
      return Boot(/*load=*/false);
    case Rung::kReload:
      return Boot(/*load=*/true);
    case Rung::kPowerCycle:
      TUNEFARM_RETURN_IF_ERROR(CyclePower());
      [[fallthrough]];
    case Rung::kRestartOpenOcd:
      TUNEFARM_RETURN_IF_ERROR(StartDebugger());
      return Boot(/*load=*/true);
    case Rung::kQuarantine:
      break;
  }
  return absl::InternalError("quarantine is no cure");
}

absl::Status OpenOcdBoard::Boot(bool load) {
  if (session_ == nullptr) return absl::UnavailableError("no debugger is connected");
  return session_->Boot(load);
}

absl::Status OpenOcdBoard::StartDebugger() {
  // The old one first: it holds the probe.
  session_.reset();
  link_.reset();
  if (!options_.emulated_board.empty()) TUNEFARM_RETURN_IF_ERROR(StartEmulator());
  TUNEFARM_ASSIGN_OR_RETURN(const std::string probe, ProbeCommand());
  OpenOcdSpec spec;
  spec.program = options_.openocd;
  if (!probe.empty()) spec.commands.push_back(probe);
  spec.commands.push_back(absl::StrFormat("source %s", Quoted(board_.openocd_config)));
  TUNEFARM_ASSIGN_OR_RETURN(std::unique_ptr<OpenOcdProcess> openocd, OpenOcdProcess::Start(spec));
  link_ = std::make_unique<OpenOcdLink>(std::move(openocd), options_.command_timeout);
  session_ = std::make_unique<BoardSession>(&board_, link_.get(), &pace_);
  return absl::OkStatus();
}

// What OpenOCD's configuration is told about the probe (mcu_agent/boards/probe.cfg).
absl::StatusOr<std::string> OpenOcdBoard::ProbeCommand() {
  if (!options_.emulated_board.empty()) {
    return absl::StrFormat("set TUNEFARM_STLINK_PORT %d", stlink_port_);
  }
  TUNEFARM_ASSIGN_OR_RETURN(const std::string serial,
                            ChooseProbe(FindProbes(options_.usb_devices), options_.serial));
  return serial.empty() ? "" : absl::StrFormat("set TUNEFARM_SERIAL %s", Quoted(serial));
}

absl::Status OpenOcdBoard::StartEmulator() {
  if (emulator_ && emulator_->process.IsRunning()) return absl::OkStatus();
  emulator_.reset();
  TUNEFARM_ASSIGN_OR_RETURN(
      emulator_, base::StartProgram(options_.emulated_board,
                                    {"--machine", board_.emulator->machine, "--icount-shift",
                                     absl::StrFormat("%d", board_.emulator->icount_shift)},
                                    kEmulatorTimeout));
  const auto ready =
      nlohmann::json::parse(emulator_->ready_line, nullptr, /*allow_exceptions=*/false);
  const auto port = [&ready](const char* name) -> uint16_t {
    const bool there = ready.is_object() && ready.contains(name) &&
                       ready[name].is_number_unsigned() &&
                       ready[name].get<uint64_t>() <= UINT16_MAX;
    return there ? ready[name].get<uint16_t>() : 0;
  };
  stlink_port_ = port("stlink_port");
  if (stlink_port_ == 0) {
    return absl::UnavailableError(absl::StrFormat(
        "tuner-emulated-board says \"%s\", not where it listens", emulator_->ready_line));
  }
  if (options_.on_emulator) options_.on_emulator(port("control_port"));
  return absl::OkStatus();
}

absl::Status OpenOcdBoard::CyclePower() {
  session_.reset();
  link_.reset();
  if (options_.power_hook.empty()) {
    emulator_.reset();  // Ends it; StartDebugger starts a new one.
    return absl::OkStatus();
  }
  base::ChildSpec spec;
  spec.program = "/bin/sh";
  spec.args = {"-c", options_.power_hook};
  TUNEFARM_ASSIGN_OR_RETURN(base::ChildProcess hook, base::ChildProcess::Spawn(spec));
  const absl::Duration deadline = pace_.Now() + kHookTimeout;
  while (hook.IsRunning()) {
    if (pace_.Now() >= deadline) {
      return absl::FailedPreconditionError(
          absl::StrFormat("power hook \"%s\" does not end within %s", options_.power_hook,
                          absl::FormatDuration(kHookTimeout)));
    }
    pace_.wait(kHookPoll);
  }
  const std::string ended = hook.Wait();
  if (ended == "exit code 0") return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrFormat(
      "power hook \"%s\" ended by %s: %s", options_.power_hook, ended, hook.LastWords()));
}

}  // namespace tunefarm::mcu_agent
