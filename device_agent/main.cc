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
#include <iterator>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_format.h"
#include "base/log.h"
#include "base/status.h"
#include "base/version.h"
#include "device_agent/agent.h"
#include "device_agent/agent_flags.h"
#include "device_agent/device/cores.h"
#include "device_agent/device/device_info.h"
#include "device_agent/device/device_state.h"
#include "device_agent/device/sensors.h"
#include "device_agent/heat_hold.h"
#include "device_agent/sandbox/machine.h"
#include "device_agent/sandbox/runner_process.h"
#include "device_agent/sandbox/sandboxed_runner.h"
#include "device_agent/self_test.h"
#include "device_agent/service_manager.h"
#include "device_agent/update/updater.h"
#include "spdlog/spdlog.h"

namespace tunefarm::device_agent {
namespace {

constexpr int kFailed = 1;
constexpr absl::Duration kProbePatience = absl::Seconds(20);

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

std::string ReadAll(const std::string& path) {
  std::ifstream file(path);
  return std::string(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
}

UpdaterOptions MakeUpdaterOptions(const AgentFlags& flags, std::vector<std::string> arguments) {
  UpdaterOptions options;
  if (!flags.state_dir.empty()) options.settings.folder = flags.state_dir + "/update";
  if (!flags.update_key.empty()) options.settings.public_key = ReadAll(flags.update_key);
  options.settings.machine = kMachine.name;
  options.settings.own = base::OwnVersion();
  options.arguments = std::move(arguments);
  options.emulator = flags.emulator;
  return options;
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

void OnWelcome(const AgentFlags& flags, const UpdateStore& updates) {
  std::printf("connected to %s as %s\n", flags.tracker.c_str(), flags.name.c_str());
  std::fflush(stdout);
  NotifyServiceManager(absl::StrFormat("STATUS=connected to %s as %s", flags.tracker, flags.name));
  updates.Confirm();
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

absl::StatusOr<AgentOptions> MakeAgentOptions(const AgentFlags& flags,
                                              const std::vector<CoreFacts>& cores) {
  std::random_device random;
  AgentOptions options;
  options.tracker = flags.tracker;
  options.device = DescribeDevice(flags, SystemFiles(flags.system_root), cores);
  TUNEFARM_ASSIGN_OR_RETURN(options.token, ReadToken(flags.token_file));
  options.instance_id = absl::StrFormat("%08x%08x%08x%08x", random(), random(), random(), random());
  options.backoff_seed = random();
  return options;
}

// True when an update was taken, so that this process is to become it.
absl::StatusOr<bool> Serve(const AgentFlags& flags, const Updater& updater) {
  const SystemFiles files(flags.system_root);
  TUNEFARM_ASSIGN_OR_RETURN(const std::vector<CoreFacts> cores, ChooseCores(flags, files));
  TUNEFARM_ASSIGN_OR_RETURN(AgentOptions options, MakeAgentOptions(flags, cores));
  // One reader for each thread that reads.
  const int core = cores[0].index;
  DeviceStateReader beside_samples(files, core);
  DeviceStateReader for_heartbeats(files, core);
  SandboxOptions sandbox_options = MakeSandboxOptions(flags, options.device, Indices(cores));
  sandbox_options.read_state = [&] { return beside_samples.Read(); };
  SandboxedRunner runner(std::move(sandbox_options));
  options.read_state = [&] {
    v1::DeviceState state = for_heartbeats.ReadWhole();
    state.set_holding(runner.holding());
    return state;
  };
  options.on_welcome = [&] { OnWelcome(flags, updater.store()); };
  options.take_update = [&](const v1::UpdateAgent& update) { return updater.Take(update); };
  Agent agent(std::move(options), &runner);
  const SignalWatch watch(&agent);
  const Watchdog watchdog([&agent] { agent.CheckAlive(); });
  NotifyServiceManager(absl::StrFormat("READY=1\nSTATUS=looking for %s", flags.tracker));
  const absl::Status status = agent.Run();
  if (!status.ok()) return status;
  return agent.updated();
}

absl::Status SelfTest(const AgentFlags& flags) {
  const SystemFiles files(flags.system_root);
  TUNEFARM_ASSIGN_OR_RETURN(const std::vector<CoreFacts> cores, ChooseCores(flags, files));
  std::vector<CheckLine> lines = CheckSystem(files, cores[0].index);
  TUNEFARM_ASSIGN_OR_RETURN(const AgentOptions options, MakeAgentOptions(flags, cores));
  for (CheckLine& line : CheckAbilities(options, !flags.without_seccomp)) {
    lines.push_back(std::move(line));
  }
  if (PrintFindings(lines)) return absl::OkStatus();
  return absl::FailedPreconditionError("this machine cannot be a device as it is (see above)");
}

absl::Status Probe(const AgentFlags& flags) {
  TUNEFARM_ASSIGN_OR_RETURN(const std::vector<CoreFacts> cores,
                            ChooseCores(flags, SystemFiles(flags.system_root)));
  TUNEFARM_ASSIGN_OR_RETURN(const AgentOptions options, MakeAgentOptions(flags, cores));
  TUNEFARM_RETURN_IF_ERROR(ProbeTracker(options, kProbePatience));
  std::printf("%s%s\n", kProbePrefix, base::Print(base::OwnVersion()).c_str());
  return absl::OkStatus();
}

// Serves, as the newest agent there is: an update that was taken before is started instead of this.
absl::Status ServeAndUpdate(const AgentFlags& flags, std::vector<std::string> arguments) {
  const Updater updater(MakeUpdaterOptions(flags, std::move(arguments)));
  if (const std::optional<std::string> newer = updater.store().Start()) {
    spdlog::warn("could not start the update: {}", base::OneLine(updater.Become(*newer)));
  }
  TUNEFARM_ASSIGN_OR_RETURN(const bool updated, Serve(flags, updater));
  if (updated) {
    if (const std::optional<std::string> newer = updater.store().Start()) {
      return updater.Become(*newer);
    }
  }
  NotifyServiceManager("STOPPING=1");
  return absl::OkStatus();
}

absl::Status Run(const AgentFlags& flags, std::vector<std::string> arguments) {
  if (flags.self_test) return SelfTest(flags);
  if (flags.probe) return Probe(flags);
  return ServeAndUpdate(flags, std::move(arguments));
}

int Main(int argc, char** argv) {
  const pid_t parent = getppid();
  int exit_code = 0;
  const std::optional<AgentFlags> flags = ParseAgentFlags(argc, argv, &exit_code);
  if (!flags) return exit_code;
  base::InitLog("tuner-agent", flags->log_level);
  SignalWatch::Block();
  absl::Status status = flags->die_with_parent ? DieWithParent(parent) : absl::OkStatus();
  if (status.ok()) status = Run(*flags, std::vector<std::string>(argv + 1, argv + argc));
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
