#include "device_agent/sandbox/sandboxed_runner.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/eventfd.h>
#include <sys/wait.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "base/status.h"
#include "device_agent/candidate_check.h"
#include "device_agent/sandbox/errno_status.h"
#include "device_agent/sandbox/runner_channel.h"
#include "device_agent/sandbox/runner_process.h"
#include "device_agent/signature.h"
#include "spdlog/spdlog.h"

extern char** environ;

namespace tunefarm::device_agent {
namespace {

// The runner answers at the deadline at the latest; one that is silent for longer is broken.
constexpr absl::Duration kRunnerGrace = absl::Seconds(10);

absl::StatusOr<pid_t> Spawn(const std::string& executable, const std::string& emulator,
                            const std::vector<std::string>& arguments, int channel) {
  std::vector<char*> argv = {const_cast<char*>("tuner-agent")};
  if (!emulator.empty()) argv.push_back(const_cast<char*>(executable.c_str()));
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);

  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&files, 1, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_adddup2(&files, channel, kRunnerChannel);
  // The agent blocks signals that its main thread waits for; the runner shall not.
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);

  pid_t pid = 0;
  const std::string& program = emulator.empty() ? executable : emulator;
  const int error = posix_spawn(&pid, program.c_str(), &files, &attributes, argv.data(), environ);
  posix_spawn_file_actions_destroy(&files);
  posix_spawnattr_destroy(&attributes);
  if (error != 0) {
    return absl::InternalError(
        absl::StrFormat("starting the runner %s: %s", program, std::strerror(error)));
  }
  return pid;
}

// What the runner needs to know, without the ELF bytes (they travel as a file).
v1::Assignment RunnerRequest(const v1::Candidate& candidate, const MeasureRequest& request) {
  v1::Assignment assignment;
  v1::Candidate* copy = assignment.add_candidates();
  copy->set_candidate_id(candidate.candidate_id());
  *copy->mutable_kernel()->mutable_signature() = candidate.kernel().signature();
  *assignment.mutable_timing() = request.timing;
  *assignment.mutable_verification() = request.verification;
  uint64_t timeout_ns = request.timing.timeout_ns();
  if (timeout_ns == 0) timeout_ns = SandboxedRunner::kDefaultTimeoutNs;
  assignment.mutable_timing()->set_timeout_ns(std::min(timeout_ns, SandboxedRunner::kMaxTimeoutNs));
  return assignment;
}

}  // namespace

SandboxedRunner::SandboxedRunner(SandboxOptions options)
    : options_(std::move(options)), tensors_(options_.tensor_cache_bytes) {
  if (options_.hold) hold_.emplace(*options_.hold);
}

SandboxedRunner::~SandboxedRunner() { DropRunner(/*kill_it=*/false); }

absl::Status SandboxedRunner::Run(const MeasureRequest& request, std::stop_token stop,
                                  const OnResult& on_result) {
  const base::UniqueFd stop_event(eventfd(0, EFD_CLOEXEC));
  if (!stop_event.valid()) return ErrnoStatus("eventfd");
  const std::stop_callback wake(stop, [&] { eventfd_write(stop_event.get(), 1); });

  v1::DeviceState before = ReadState();
  for (const v1::Candidate& candidate : request.candidates) {
    const absl::Duration begin = base::RealClock().SteadyNow();
    absl::Duration held = AwaitCool(&before, stop_event.get());
    if (stop.stop_requested()) return absl::CancelledError("measuring was cancelled");
    absl::StatusOr<v1::MeasureResult> result = Measure(candidate, request, stop_event.get());
    if (result.ok() && result->unsteady()) {
      // Not one sample is worth anything. Where the device can be waited for, that is worth a try.
      const absl::Duration cooled = AwaitCool(&before, stop_event.get());
      if (cooled > absl::ZeroDuration() && !stop.stop_requested()) {
        result = MeasureAgain(candidate, request, stop_event.get(), *std::move(result));
      }
      held += cooled;
    }
    if (!result.ok()) return result.status();
    result->set_held_ns(static_cast<uint64_t>(absl::ToInt64Nanoseconds(held)));
    // What is read between two candidates stands for both of them.
    v1::DeviceState after = ReadState();
    *result->mutable_before() = before;
    *result->mutable_after() = after;
    before = std::move(after);
    result->set_emulated(options_.emulated);
    result->set_wall_ns(
        static_cast<uint64_t>(absl::ToInt64Nanoseconds(base::RealClock().SteadyNow() - begin)));
    on_result(*std::move(result));
  }
  return absl::OkStatus();
}

absl::Duration SandboxedRunner::AwaitCool(v1::DeviceState* state, int stop_event) {
  if (!hold_) return absl::ZeroDuration();
  while (hold_->ShouldWait(base::RealClock().SteadyNow(), *state)) {
    if (!holding_.exchange(true)) {
      spdlog::info("holding: the device is at {} C{}", state->temperature_millicelsius() / 1000,
                   state->throttled() ? " and throttled" : "");
    }
    pollfd event = {.fd = stop_event, .events = POLLIN, .revents = 0};
    const timespec wait = absl::ToTimespec(options_.hold->look_every);
    if (ppoll(&event, 1, &wait, nullptr) > 0) break;
    *state = ReadState();
  }
  holding_ = false;
  return hold_->held();
}

absl::StatusOr<v1::MeasureResult> SandboxedRunner::MeasureAgain(const v1::Candidate& candidate,
                                                                const MeasureRequest& request,
                                                                int stop_event,
                                                                v1::MeasureResult first) {
  TUNEFARM_ASSIGN_OR_RETURN(v1::MeasureResult second, Measure(candidate, request, stop_event));
  if (second.outcome() != v1::OUTCOME_OK) return second;
  for (v1::Sample& sample : *first.mutable_samples()) sample.set_counted(false);
  first.mutable_samples()->MergeFrom(second.samples());
  second.mutable_samples()->Swap(first.mutable_samples());
  second.set_num_disturbed(first.num_disturbed() + second.num_disturbed());
  return second;
}

absl::StatusOr<v1::MeasureResult> SandboxedRunner::Measure(const v1::Candidate& candidate,
                                                           const MeasureRequest& request,
                                                           int stop_event) {
  const uint64_t id = candidate.candidate_id();
  const absl::Status accepted = CheckCandidate(candidate, request, options_.triple);
  if (!accepted.ok()) {
    return FailedResult(id, v1::OUTCOME_BUILD_FAILED, "load", std::string(accepted.message()));
  }
  const v1::KernelSignature& signature = candidate.kernel().signature();
  const uint64_t buffer_bytes = TotalBufferBytes(signature);
  if (buffer_bytes > options_.child.memory_limit_bytes) {
    return FailedResult(id, v1::OUTCOME_OUT_OF_MEMORY, "load",
                        absl::StrFormat("buffers take %u bytes, this agent grants %u", buffer_bytes,
                                        options_.child.memory_limit_bytes));
  }
  const absl::StatusOr<std::vector<SharedFile>> files = MakeFiles(candidate, request);
  if (!files.ok()) {
    const bool no_memory = absl::IsResourceExhausted(files.status());
    return FailedResult(id, no_memory ? v1::OUTCOME_OUT_OF_MEMORY : v1::OUTCOME_DEVICE_LOST, "load",
                        std::string(files.status().message()));
  }
  TUNEFARM_RETURN_IF_ERROR(EnsureRunner());
  absl::StatusOr<v1::MeasureResult> result =
      Exchange(RunnerRequest(candidate, request), *files, stop_event);
  if (result.ok() || absl::IsCancelled(result.status())) return result;
  if (absl::IsInvalidArgument(result.status())) {
    return FailedResult(id, v1::OUTCOME_BUILD_FAILED, "load",
                        std::string(result.status().message()));
  }
  spdlog::warn("the runner failed, starting another: {}", base::OneLine(result.status()));
  DropRunner(/*kill_it=*/true);
  return FailedResult(id, v1::OUTCOME_DEVICE_LOST, "load", std::string(result.status().message()));
}

absl::StatusOr<std::vector<SharedFile>> SandboxedRunner::MakeFiles(const v1::Candidate& candidate,
                                                                   const MeasureRequest& request) {
  std::vector<SharedFile> files;
  TUNEFARM_ASSIGN_OR_RETURN(SharedFile elf, MakeMemoryFile(candidate.kernel().elf()));
  files.push_back(std::move(elf));
  const v1::KernelSignature& signature = candidate.kernel().signature();
  for (int i = 0; i < signature.buffers_size(); ++i) {
    if (!IsDrawn(signature.buffers(i))) continue;
    TUNEFARM_ASSIGN_OR_RETURN(SharedFile image,
                              tensors_.Drawn(signature.buffers(i), static_cast<uint32_t>(i),
                                             request.verification.seed()));
    files.push_back(std::move(image));
  }
  for (const v1::ExpectedOutput& expected : request.verification.expected()) {
    TUNEFARM_ASSIGN_OR_RETURN(
        SharedFile blob, tensors_.Blob(expected.digest(), *request.blobs.at(expected.digest())));
    files.push_back(std::move(blob));
  }
  return files;
}

absl::StatusOr<v1::MeasureResult> SandboxedRunner::Exchange(const v1::Assignment& assignment,
                                                            const std::vector<SharedFile>& files,
                                                            int stop_event) {
  std::vector<int> descriptors;
  for (const SharedFile& file : files) descriptors.push_back(file->get());
  TUNEFARM_RETURN_IF_ERROR(
      SendMessage(channel_.get(), assignment.SerializeAsString(), descriptors));
  const absl::Duration patience =
      absl::Nanoseconds(static_cast<int64_t>(assignment.timing().timeout_ns())) + kRunnerGrace;
  bool cancelled = false;
  while (true) {
    pollfd events[2] = {{.fd = channel_.get(), .events = POLLIN, .revents = 0},
                        {.fd = cancelled ? -1 : stop_event, .events = POLLIN, .revents = 0}};
    const timespec wait = absl::ToTimespec(patience);
    const int num_ready = ppoll(events, 2, &wait, nullptr);
    if (num_ready == 0) return absl::DeadlineExceededError("the runner does not answer");
    if (num_ready > 0 && events[1].revents != 0) {
      TUNEFARM_RETURN_IF_ERROR(SendMessage(channel_.get(), "", {}));
      cancelled = true;
    }
    if (num_ready > 0 && events[0].revents != 0) break;
  }
  TUNEFARM_ASSIGN_OR_RETURN(const ChannelMessage reply, ReceiveMessage(channel_.get()));
  if (cancelled) return absl::CancelledError("measuring was cancelled");
  v1::MeasureResult result;
  if (!result.ParseFromString(reply.bytes)) {
    return absl::InternalError("the runner's reply is no result");
  }
  return result;
}

absl::Status SandboxedRunner::EnsureRunner() {
  // A runner that died while it was idle shows as an end of the channel.
  if (runner_pid_ != 0) {
    pollfd event = {.fd = channel_.get(), .events = POLLIN, .revents = 0};
    if (poll(&event, 1, 0) == 0) return absl::OkStatus();
    DropRunner(/*kill_it=*/true);
  }
  TUNEFARM_ASSIGN_OR_RETURN(auto ends, MakeChannel());
  TUNEFARM_ASSIGN_OR_RETURN(runner_pid_, Spawn(options_.runner_executable, options_.emulator,
                                               RunnerArguments(options_.child), ends.second.get()));
  channel_ = std::move(ends.first);
  return absl::OkStatus();
}

void SandboxedRunner::DropRunner(bool kill_it) {
  if (runner_pid_ == 0) return;
  channel_.Close();
  if (kill_it) kill(runner_pid_, SIGKILL);
  while (waitpid(runner_pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
  runner_pid_ = 0;
}

v1::DeviceState SandboxedRunner::ReadState() const {
  return options_.read_state ? options_.read_state() : v1::DeviceState();
}

}  // namespace tunefarm::device_agent
