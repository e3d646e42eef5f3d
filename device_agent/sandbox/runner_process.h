// The runner: a small single-threaded process that forks one child for each candidate.
//
// Its working directory is empty and no longer has a name. Forking the agent itself would be unsafe (gRPC has threads) and slow (its memory is copied). The
// runner is the same binary, started anew with --runner; it holds no state between candidates,
// kills at the deadline and reports. It ends when the agent's side of the channel closes, however
// the agent died, and its child with it.
#ifndef TUNEFARM_DEVICE_AGENT_SANDBOX_RUNNER_PROCESS_H_
#define TUNEFARM_DEVICE_AGENT_SANDBOX_RUNNER_PROCESS_H_

#include <string>
#include <vector>

#include "device_agent/sandbox/candidate_child.h"

namespace tunefarm::device_agent {

// The channel's descriptor in the runner.
inline constexpr int kRunnerChannel = 3;

// The first argument of the runner's command line.
inline constexpr char kRunnerFlag[] = "--runner";

// Arguments after the binary's name that start a runner with `settings`.
std::vector<std::string> RunnerArguments(const ChildSettings& settings);

// The runner's main, given the arguments after the binary's name. Returns its exit code: 0 when the
// agent closed the channel, 2 when the arguments are not those of RunnerArguments.
int RunnerMain(const std::vector<std::string>& arguments);

}  // namespace tunefarm::device_agent

#endif  // TUNEFARM_DEVICE_AGENT_SANDBOX_RUNNER_PROCESS_H_
