// tuner-tracker: the tracker alone, for labs where agents and clients share one.
#include <csignal>
#include <cstdio>
#include <memory>
#include <string>

#include "CLI/CLI.hpp"
#include "absl/strings/str_format.h"
#include "base/log.h"
#include "base/status.h"
#include "tracker/token_gate.h"
#include "tracker/tracker_server.h"

namespace tunefarm::tracker {
namespace {

constexpr int kDone = 0;
constexpr int kFailed = 1;
constexpr int kUsage = 2;

int Fail(const absl::Status& status) {
  std::fprintf(stderr, "tuner-tracker: %s\n", base::OneLine(status).c_str());
  return status.code() == absl::StatusCode::kInvalidArgument ? kUsage : kFailed;
}

// Blocks the signals that end the process, for every thread that is started afterwards: they are
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

int Run(TrackerServerOptions options, const std::string& token_file) {
  const sigset_t end_signals = BlockEndSignals();
  if (!token_file.empty()) {
    absl::StatusOr<std::string> token = ReadTokenFile(token_file);
    if (!token.ok()) return Fail(token.status());
    options.token = *std::move(token);
  }
  absl::StatusOr<std::unique_ptr<TrackerServer>> server = TrackerServer::Start(options);
  if (!server.ok()) return Fail(server.status());
  std::printf("listening on %s\n", (*server)->address().c_str());
  std::fflush(stdout);
  int signal = 0;
  sigwait(&end_signals, &signal);
  (*server)->Shutdown();
  return kDone;
}

int Main(int argc, char** argv) {
  CLI::App app("tuner-tracker: gives the work of tuners to the devices of a farm");
  TrackerServerOptions options;
  std::string token_file;
  std::string log_level = "warn";
  app.add_option(
         "--listen", options.listen,
         "HOST:PORT to listen on; port 0 takes a free one. Beyond loopback a token is needed")
      ->capture_default_str();
  app.add_option("--token-file", token_file,
                 "File with the secret that agents and clients must show");
  double heartbeat_seconds = absl::ToDoubleSeconds(options.policy.heartbeat_interval);
  double keepalive_seconds = absl::ToDoubleSeconds(options.keepalive);
  app.add_option("--heartbeat", heartbeat_seconds,
                 "Seconds; an agent that is silent for three times as long is given up")
      ->capture_default_str()
      ->check(CLI::Range(0.05, 3600.0));
  app.add_option("--keepalive", keepalive_seconds,
                 "Seconds; a connection that is dead for twice as long is noticed")
      ->capture_default_str()
      ->check(CLI::Range(0.05, 3600.0));
  app.add_option("--log-level", log_level, "trace, debug, info, warn, error or off, to stderr")
      ->capture_default_str()
      ->check(CLI::IsMember({"trace", "debug", "info", "warn", "error", "off"}));
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);
    std::fprintf(stderr, "tuner-tracker: %s (see --help)\n", error.what());
    return kUsage;
  }
  options.policy.heartbeat_interval = absl::Seconds(heartbeat_seconds);
  options.keepalive = absl::Seconds(keepalive_seconds);
  base::InitLog("tuner-tracker", log_level);
  RouteGrpcLog();
  return Run(std::move(options), token_file);
}

}  // namespace
}  // namespace tunefarm::tracker

int main(int argc, char** argv) { return tunefarm::tracker::Main(argc, argv); }
