// tuner-agent: speaks for this machine to a tracker, and (as --runner) runs its kernels.
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_format.h"
#include "base/log.h"
#include "base/status.h"
#include "device_agent/agent.h"
#include "device_agent/agent_flags.h"
#include "device_agent/device/cores.h"
#include "device_agent/device/device_info.h"
#include "device_agent/device/device_state.h"
#include "device_agent/device/sensors.h"
#include "device_agent/heat_hold.h"
#include "device_agent/sandbox/runner_process.h"
#include "device_agent/sandbox/sandboxed_runner.h"

namespace tunefarm::device_agent {
namespace {

constexpr int kFailed = 1;

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

// Flushing a cache takes twice its size, because replacement is not strictly least recently used.
constexpr uint64_t kFlushFactor = 2;

// The cores that kernels get, in order. The tag "core" chooses as --core does.
absl::StatusOr<std::vector<CoreFacts>> ChooseCores(const AgentFlags& flags,
                                                   const SystemFiles& files) {
  const auto tag = flags.tags.find("core");
  const std::string choice =
      flags.core.empty() && tag != flags.tags.end() ? tag->second : flags.core;
  return MeasuringCores(ReadCoreFacts(files, AllowedCores()), choice);
}

// On a 32-bit system a process has 3 GiB for everything, buffers and their guards among it.
constexpr uint64_t kMaxMemoryLimitBytes = uint64_t{1} << (sizeof(void*) == 4 ? 30 : 62);

SandboxOptions MakeSandboxOptions(const AgentFlags& flags, const v1::DeviceInfo& device,
                                  std::vector<int> cores) {
  SandboxOptions options;
  // The link shows an emulated process its own program, but opens the emulator.
  if (!flags.emulator.empty()) {
    options.emulator = flags.emulator;
    options.runner_executable = std::filesystem::read_symlink("/proc/self/exe");
  }
  options.triple = device.triple();
  options.emulated = device.emulated();
  options.child.cores = std::move(cores);
  options.child.use_seccomp = !flags.without_seccomp;
  options.child.memory_limit_bytes =
      std::min(kMaxMemoryLimitBytes, flags.memory_limit_mib != 0 ? flags.memory_limit_mib << 20
                                                                 : device.memory_bytes() / 2);
  options.child.system_root = flags.system_root;
  const SystemFiles files(flags.system_root);
  options.child.cache_flush_bytes = kFlushFactor * LastLevelCacheBytes(files);
  options.hold =
      ChooseHold(flags.hold_above_celsius,
                 PassiveTripMillicelsius(files, FindSensors(files, options.child.cores[0])));
  return options;
}

AgentOptions MakeAgentOptions(const AgentFlags& flags, const v1::DeviceInfo& device) {
  std::random_device random;
  AgentOptions options;
  options.tracker = flags.tracker;
  options.device = device;
  options.instance_id = absl::StrFormat("%08x%08x%08x%08x", random(), random(), random(), random());
  options.backoff_seed = random();
  options.on_welcome = [tracker = flags.tracker, name = flags.name] {
    std::printf("connected to %s as %s\n", tracker.c_str(), name.c_str());
    std::fflush(stdout);
  };
  return options;
}

// Waits for SIGINT and SIGTERM on a thread of its own: the first one ends the agent cleanly, the
// second one at once.
class SignalWatch {
 public:
  explicit SignalWatch(Agent* agent) : thread_([this, agent] { Watch(agent); }) {}
  ~SignalWatch() {
    pthread_kill(thread_.native_handle(), SIGTERM);
    thread_.join();
  }

  // To be called before any thread starts, so that none of them takes the signals.
  static sigset_t Block() {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    signal(SIGPIPE, SIG_IGN);
    return signals;
  }

 private:
  void Watch(Agent* agent) {
    int met;
    sigwait(&signals_, &met);
    agent->Stop();
  }

  const sigset_t signals_ = Block();
  std::thread thread_;
};

absl::Status DieWithParent(pid_t parent) {
  if (prctl(PR_SET_PDEATHSIG, SIGTERM) != 0) return absl::InternalError("prctl(PDEATHSIG) failed");
  if (getppid() != parent) return absl::CancelledError("the parent process is gone");
  return absl::OkStatus();
}

std::vector<int> Indices(const std::vector<CoreFacts>& cores) {
  std::vector<int> indices;
  for (const CoreFacts& core : cores) indices.push_back(core.index);
  return indices;
}

v1::DeviceInfo DescribeDevice(const AgentFlags& flags, const SystemFiles& files,
                              const std::vector<CoreFacts>& cores) {
  v1::DeviceInfo device = ReadDeviceInfo(files);
  device.set_name(flags.name);
  device.mutable_tags()->insert(flags.tags.begin(), flags.tags.end());
  if (const std::string cluster = ClusterName(cores); !cluster.empty()) {
    (*device.mutable_tags())["core"] = cluster;
  }
  for (const CoreFacts& core : cores) {
    v1::Core* told = device.add_cores();
    told->set_index(static_cast<uint32_t>(core.index));
    told->set_capacity(core.capacity);
    told->set_max_frequency_hz(core.max_frequency_hz);
  }
  if (flags.emulated) device.set_emulated(true);
  return device;
}

absl::Status Serve(const AgentFlags& flags) {
  const SystemFiles files(flags.system_root);
  TUNEFARM_ASSIGN_OR_RETURN(const std::vector<CoreFacts> cores, ChooseCores(flags, files));
  const v1::DeviceInfo device = DescribeDevice(flags, files, cores);

  // One reader for each thread that reads.
  const int core = cores[0].index;
  DeviceStateReader beside_samples(files, core);
  DeviceStateReader for_heartbeats(files, core);
  SandboxOptions sandbox_options = MakeSandboxOptions(flags, device, Indices(cores));
  sandbox_options.read_state = [&] { return beside_samples.Read(); };
  SandboxedRunner runner(std::move(sandbox_options));
  AgentOptions options = MakeAgentOptions(flags, device);
  TUNEFARM_ASSIGN_OR_RETURN(options.token, ReadToken(flags.token_file));
  options.read_state = [&] {
    v1::DeviceState state = for_heartbeats.ReadWhole();
    state.set_holding(runner.holding());
    return state;
  };
  Agent agent(std::move(options), &runner);
  const SignalWatch watch(&agent);
  return agent.Run();
}

int Main(int argc, char** argv) {
  const pid_t parent = getppid();
  int exit_code = 0;
  const std::optional<AgentFlags> flags = ParseAgentFlags(argc, argv, &exit_code);
  if (!flags) return exit_code;
  base::InitLog("tuner-agent", flags->log_level);
  SignalWatch::Block();
  absl::Status status = flags->die_with_parent ? DieWithParent(parent) : absl::OkStatus();
  if (status.ok()) status = Serve(*flags);
  if (status.ok()) return EXIT_SUCCESS;
  std::fprintf(stderr, "tuner-agent: %s\n", base::OneLine(status).c_str());
  return kFailed;
}

}  // namespace
}  // namespace tunefarm::device_agent

int main(int argc, char** argv) {
  using tunefarm::device_agent::RunnerMain;
  // First of all, before anything has a thread.
  if (argc > 1 && std::string(argv[1]) == tunefarm::device_agent::kRunnerFlag) {
    return RunnerMain(std::vector<std::string>(argv + 1, argv + argc));
  }
  return tunefarm::device_agent::Main(argc, argv);
}
