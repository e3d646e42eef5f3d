#include "tuner/cli/interrupt.h"

#include <unistd.h>

#include <csignal>

#include "tuner/cli/event_printer.h"

namespace tunefarm::tuner {
namespace {

std::atomic<bool> stop_asked{false};
static_assert(std::atomic<bool>::is_always_lock_free, "a signal handler sets it");

extern "C" void HandleInterrupt(int signal) {
  if (stop_asked.exchange(true)) {
    RestoreTerminal();
    _exit(128 + signal);
  }
}

}  // namespace

const std::atomic<bool>& StopOnInterrupt() {
  struct sigaction action = {};
  action.sa_handler = HandleInterrupt;
  action.sa_flags = SA_RESTART;
  for (int signal : {SIGINT, SIGTERM, SIGHUP}) sigaction(signal, &action, nullptr);
  return stop_asked;
}

}  // namespace tunefarm::tuner
