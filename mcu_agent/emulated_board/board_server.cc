#include "mcu_agent/emulated_board/board_server.h"

#include <poll.h>

#include <cerrno>
#include <cstring>
#include <vector>

#include "absl/strings/str_format.h"
#include "base/status.h"
#include "spdlog/spdlog.h"

namespace tunefarm::mcu_agent {
namespace {

constexpr size_t kMaxControlLine = 4096;
constexpr absl::Duration kNow = absl::ZeroDuration();

}  // namespace

absl::StatusOr<std::unique_ptr<BoardServer>> BoardServer::Listen(CoreLink* link,
                                                                 const MachineInfo& machine,
                                                                 const BoardOptions& options) {
  std::unique_ptr<BoardServer> server(new BoardServer(link, machine, options));
  TUNEFARM_ASSIGN_OR_RETURN(server->stlink_listener_, ListenTcp(options.stlink_port));
  TUNEFARM_ASSIGN_OR_RETURN(server->control_listener_, ListenTcp(options.control_port));
  if (options.jtag) {
    TUNEFARM_ASSIGN_OR_RETURN(server->jtag_listener_, ListenTcp(options.jtag_port));
  }
  return server;
}

absl::Status BoardServer::Serve(int stop_fd) {
  while (!quit_) {
    std::vector<pollfd> waits = {{stop_fd, POLLIN, 0},
                                 {stlink_listener_.fd(), POLLIN, 0},
                                 {jtag_listener_.fd(), POLLIN, 0},
                                 {control_listener_.fd(), POLLIN, 0},
                                 {stlink_client_.fd(), POLLIN, 0},
                                 {jtag_client_.fd(), POLLIN, 0}};
    for (const ControlClient& client : control_clients_) {
      waits.push_back({client.socket.fd(), POLLIN, 0});
    }
    if (::poll(waits.data(), waits.size(), -1) < 0) {
      if (errno == EINTR) continue;
      return absl::InternalError(absl::StrFormat("poll: %s", std::strerror(errno)));
    }
    if (waits[0].revents != 0) break;
    // Control clients first and while their list is as it was polled; commands must reach the model
    // before the debugger's next request.
    size_t at = 6;
    for (auto it = control_clients_.begin(); it != control_clients_.end(); ++at) {
      it = waits[at].revents == 0 || ServeControl(*it) ? std::next(it) : control_clients_.erase(it);
    }
    if (waits[4].revents != 0) ServeStlink();
    if (waits[5].revents != 0) ServeJtag();
    if (waits[1].revents != 0) AcceptStlink();
    if (waits[2].revents != 0) AcceptJtag();
    if (waits[3].revents != 0) AcceptControl();
  }
  return absl::OkStatus();
}

void BoardServer::AcceptStlink() {
  absl::StatusOr<Socket> client = Accept(stlink_listener_);
  if (!client.ok()) return;
  misbehaviour_.On(Until::kReconnect);
  stlink_client_ = *std::move(client);
  stlink_.emplace(&port_, &core_, options_.serial);
}

void BoardServer::AcceptJtag() {
  absl::StatusOr<Socket> client = Accept(jtag_listener_);
  if (!client.ok()) return;
  misbehaviour_.On(Until::kReconnect);
  jtag_client_ = *std::move(client);
  jtag_.emplace(&jtag_port_model_, &core_, machine_.jtag_idcode);
}

void BoardServer::AcceptControl() {
  absl::StatusOr<Socket> client = Accept(control_listener_);
  if (client.ok()) control_clients_.push_back({*std::move(client), ""});
}

void BoardServer::ServeStlink() {
  std::string bytes;
  if (!stlink_client_.Receive(bytes, kNow).ok()) {
    stlink_client_.Close();
    return;
  }
  // A probe that hangs swallows what it is told.
  if (misbehaviour_.Has(Fault::kDeadProbe)) return;
  const absl::StatusOr<std::string> answer = stlink_->Receive(bytes);
  if (!answer.ok()) spdlog::warn("ST-Link connection: {}", base::OneLine(answer.status()));
  if (!answer.ok() || !stlink_client_.Send(*answer).ok()) stlink_client_.Close();
}

void BoardServer::ServeJtag() {
  std::string characters;
  if (!jtag_client_.Receive(characters, kNow).ok()) {
    jtag_client_.Close();
    return;
  }
  if (misbehaviour_.Has(Fault::kDeadProbe)) return;
  const std::string answers = jtag_->Receive(characters);
  if (!answers.empty() && !jtag_client_.Send(answers).ok()) jtag_client_.Close();
}

bool BoardServer::ServeControl(ControlClient& client) {
  if (!client.socket.Receive(client.received, kNow).ok()) return false;
  size_t end = 0;
  while ((end = client.received.find('\n')) != std::string::npos) {
    const std::string answer = Command(client.received.substr(0, end)) + "\n";
    client.received.erase(0, end + 1);
    if (!client.socket.Send(answer).ok()) return false;
  }
  return client.received.size() <= kMaxControlLine;
}

std::string BoardServer::Command(const std::string& line) {
  if (line == "quit") {
    quit_ = true;
    return "ok";
  }
  const absl::StatusOr<MisbehaviourCommand> command = ParseMisbehaviour(line);
  if (!command.ok()) return "error: " + base::OneLine(command.status());
  spdlog::info("on command: {}", line);
  misbehaviour_.Apply(*command);
  if (command->power.has_value()) core_.SetPower(*command->power);
  core_.MisbehaviourChanged();
  return "ok";
}

}  // namespace tunefarm::mcu_agent
