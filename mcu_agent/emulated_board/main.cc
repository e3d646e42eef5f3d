// tuner-emulated-board: a Cortex-M board without hardware. The real OpenOCD debugs it, QEMU
// executes.
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "absl/strings/str_format.h"
#include "base/log.h"
#include "base/status.h"
#include "mcu_agent/emulated_board/board_server.h"
#include "mcu_agent/emulated_board/qemu_machine.h"
#include "mcu_agent/emulated_board/stm32f4_flash.h"

namespace tunefarm::mcu_agent {
namespace {

constexpr int kFailed = 1;
constexpr absl::Duration kAnswerDeadline = absl::Seconds(60);

int Fail(const absl::Status& status) {
  std::fprintf(stderr, "tuner-emulated-board: %s\n", base::OneLine(status).c_str());
  return kFailed;
}

// Ends the loop on SIGTERM and SIGINT, so that QEMU and the temporary folder go too.
int StopDescriptor() {
  sigset_t signals;
  ::sigemptyset(&signals);
  ::sigaddset(&signals, SIGTERM);
  ::sigaddset(&signals, SIGINT);
  ::sigprocmask(SIG_BLOCK, &signals, nullptr);
  return ::signalfd(-1, &signals, SFD_CLOEXEC);
}

int ServeBoard(const std::string& machine_name, const QemuOptions& qemu,
               const BoardOptions& options) {
  const absl::StatusOr<MachineInfo> machine = FindMachine(machine_name);
  if (!machine.ok()) return Fail(machine.status());
  absl::StatusOr<std::unique_ptr<QemuMachine>> core = QemuMachine::Start(*machine, qemu);
  if (!core.ok()) return Fail(core.status());
  std::optional<Stm32f4Flash> flash;
  CoreLink* link = core->get();
  if (machine->has_stm32f4_flash) link = &flash.emplace(link);
  absl::StatusOr<std::unique_ptr<BoardServer>> server =
      BoardServer::Listen(link, *machine, options);
  if (!server.ok()) return Fail(server.status());
  const nlohmann::json ready = {{"machine", machine->name},
                                {"stlink_port", (*server)->stlink_port()},
                                {"jtag_port", (*server)->jtag_port()},
                                {"control_port", (*server)->control_port()},
                                {"serial", options.serial},
                                {"ns_per_instruction", 1 << qemu.icount_shift},
                                {"qemu_pid", (*core)->pid()}};
  std::printf("%s\n", ready.dump().c_str());
  std::fflush(stdout);
  const absl::Status served = (*server)->Serve(StopDescriptor());
  return served.ok() ? 0 : Fail(served);
}

int SendCommand(uint16_t port, const std::string& command) {
  const absl::StatusOr<Socket> socket = ConnectTcp(port);
  if (!socket.ok()) return Fail(socket.status());
  std::string answer;
  absl::Status status = socket->Send(command + "\n");
  while (status.ok() && answer.find('\n') == std::string::npos) {
    status = socket->Receive(answer, kAnswerDeadline);
  }
  if (!status.ok()) return Fail(status);
  std::printf("%s", answer.c_str());
  return answer == "ok\n" ? 0 : kFailed;
}

int Main(int argc, char** argv) {
  ::prctl(PR_SET_NAME, "emulated-board");
  base::InitLog("tuner-emulated-board");
  CLI::App app{"A Cortex-M board without hardware, between the real OpenOCD and the real QEMU"};
  std::string machine = "mps2-an500";
  QemuOptions qemu;
  BoardOptions options;
  options.serial = "EMULATED0001";
  app.add_option("--machine", machine, "QEMU's machine")->capture_default_str();
  app.add_option("--port", options.stlink_port, "Port of the ST-Link server; 0: any")
      ->capture_default_str();
  app.add_flag("--jtag", options.jtag, "Listen for JTAG remote_bitbang too");
  app.add_option("--jtag-port", options.jtag_port, "Its port; 0: any")->capture_default_str();
  app.add_option("--control-port", options.control_port, "Port for commands; 0: any")
      ->capture_default_str();
  app.add_option("--serial", options.serial, "Serial number of the probe")->capture_default_str();
  app.add_option("--icount-shift", qemu.icount_shift, "One instruction takes 2^N ns")
      ->check(CLI::Range(0, 10))
      ->capture_default_str();
  app.add_option("--qemu", qemu.program, "QEMU's program")->capture_default_str();
  uint16_t control_port = 0;
  std::string command;
  CLI::App* const send = app.add_subcommand("send", "Send a command to a running board");
  send->add_option("control-port", control_port)->required();
  send->add_option("command", command,
                   "dead-probe, dead-cable, stuck-core [until=command|reset|reconnect|power], "
                   "corrupt-word|brown-out after=BYTES, power-off, power-on, power-cycle, clear, "
                   "quit")
      ->required();
  CLI11_PARSE(app, argc, argv);
  return *send ? SendCommand(control_port, command) : ServeBoard(machine, qemu, options);
}

}  // namespace
}  // namespace tunefarm::mcu_agent

int main(int argc, char** argv) { return tunefarm::mcu_agent::Main(argc, argv); }
