// tuner serve: the daemon.
#include <unistd.h>

#include <csignal>
#include <cstdio>

#include "absl/strings/str_format.h"
#include "base/log.h"
#include "base/status.h"
#include "spdlog/spdlog.h"
#include "tracker/token_gate.h"
#include "tuner/cli/command.h"
#include "tuner/service/daemon.h"

namespace tunefarm::tuner {
namespace {

struct ServeOptions {
  DaemonOptions daemon;
  std::string token_file;
};

// Blocks the signals that end the daemon, for every thread that is started afterwards: they are
// waited for, not handled.
sigset_t BlockEndSignals() {
  std::signal(SIGPIPE, SIG_IGN);
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return signals;
}

absl::Status RunServe(const ServeOptions& options) {
  base::InitLog("tuner serve", "info");
  const sigset_t end_signals = BlockEndSignals();
  DaemonOptions daemon_options = options.daemon;
  daemon_options.owner = absl::StrFormat("%s:%d", Owner(), getpid());
  if (!options.token_file.empty()) {
    absl::StatusOr<std::string> token = tracker::ReadTokenFile(options.token_file);
    if (!token.ok()) return absl::InvalidArgumentError(std::string(token.status().message()));
    daemon_options.token = *std::move(token);
  }
  absl::StatusOr<std::unique_ptr<Daemon>> daemon = Daemon::Start(daemon_options);
  if (absl::IsNotFound(daemon.status()))
    return absl::FailedPreconditionError(std::string(daemon.status().message()));
  TUNEFARM_RETURN_IF_ERROR(daemon.status());
  std::printf("listening on %s\n", (*daemon)->address().c_str());
  std::fflush(stdout);
  int signal = 0;
  sigwait(&end_signals, &signal);
  spdlog::info("draining: running trials are finished, open tasks stay queued in {}",
               daemon_options.db);
  // From here a second signal ends the process at once; the log keeps what it has.
  std::signal(SIGINT, SIG_DFL);
  std::signal(SIGTERM, SIG_DFL);
  pthread_sigmask(SIG_UNBLOCK, &end_signals, nullptr);
  (*daemon)->Drain();
  return absl::OkStatus();
}

void AddServeOptions(CLI::App& command, ServeOptions& options) {
  command
      .add_option(
          "--listen", options.daemon.listen,
          "HOST:PORT to listen on; port 0 takes a free one. Beyond loopback a token is needed")
      ->capture_default_str();
  AddLogOption(command, options.daemon.db);
  command.add_option("--token-file", options.token_file,
                     "File with the secret that agents and clients must show");
}

}  // namespace

void AddServe(CLI::App& app, Action& action) {
  CLI::App* command = AddCommand<ServeOptions>(
      app, action, "serve", "Run the daemon: takes tasks and queries, gives work to agents",
      AddServeOptions, RunServe);
  command->footer(
      "On each device:   tuner-agent --tracker HOST:PORT --name NAME\n"
      "Then:             tuner tune WORKLOAD --server HOST:PORT, tuner query best --server ..., "
      "tuner task list ...\n"
      "SIGTERM finishes running trials and leaves open tasks queued; they are continued at the "
      "next start.");
}

}  // namespace tunefarm::tuner
