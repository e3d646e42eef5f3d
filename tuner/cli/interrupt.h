// Ctrl-C: the first asks to stop, the second ends the process at once.
#ifndef TUNEFARM_TUNER_CLI_INTERRUPT_H_
#define TUNEFARM_TUNER_CLI_INTERRUPT_H_

#include <atomic>

namespace tunefarm::tuner {

// From here on SIGINT, SIGTERM and SIGHUP set the returned flag, which lives as long as the
// process. A second one restores the terminal and exits with 128 + the signal's number: what has
// been logged is kept in that case too.
const std::atomic<bool>& StopOnInterrupt();

}  // namespace tunefarm::tuner

#endif  // TUNEFARM_TUNER_CLI_INTERRUPT_H_
