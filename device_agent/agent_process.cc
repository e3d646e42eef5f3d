#include "device_agent/agent_process.h"

#include <pthread.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <fstream>
#include <random>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"

namespace tunefarm::device_agent {

absl::StatusOr<std::string> ReadToken(const std::string& path) {
  if (path.empty()) return std::string();
  std::ifstream file(path);
  std::string token;
  if (!std::getline(file, token)) {
    return absl::NotFoundError(absl::StrFormat("--token-file %s: cannot read a line of it", path));
  }
  absl::StripAsciiWhitespace(&token);
  return token;
}

std::string CheckAddress(const std::string& text) {
  const size_t colon = text.rfind(':');
  int port = 0;
  if (colon == std::string::npos || colon == 0 ||
      !absl::SimpleAtoi(text.substr(colon + 1), &port) || port < 1 || port > 65535) {
    return "\"" + text + "\" is not HOST:PORT";
  }
  return "";
}

void DrawIdentity(AgentOptions* options) {
  std::random_device random;
  options->instance_id =
      absl::StrFormat("%08x%08x%08x%08x", random(), random(), random(), random());
  options->backoff_seed = random();
}

absl::Status DieWithParent(pid_t parent) {
  if (prctl(PR_SET_PDEATHSIG, SIGTERM) != 0) return absl::InternalError("prctl(PDEATHSIG) failed");
  if (getppid() != parent) return absl::CancelledError("the parent process is gone");
  return absl::OkStatus();
}

SignalWatch::~SignalWatch() {
  pthread_kill(thread_.native_handle(), SIGTERM);
  thread_.join();
}

sigset_t SignalWatch::Block() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);
  return signals;
}

void SignalWatch::Watch(Agent* agent) {
  int met;
  sigwait(&signals_, &met);
  agent->Stop();
}

}  // namespace tunefarm::device_agent
