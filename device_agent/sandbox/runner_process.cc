#include "device_agent/sandbox/runner_process.h"

#include <fcntl.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <new>
#include <optional>

#include "absl/strings/numbers.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "base/status.h"
#include "device_agent/candidate_check.h"
#include "device_agent/device/system_files.h"
#include "device_agent/sandbox/child_limits.h"
#include "device_agent/sandbox/child_outcome.h"
#include "device_agent/sandbox/errno_status.h"
#include "device_agent/sandbox/runner_channel.h"

namespace tunefarm::device_agent {
namespace {

struct UnmapReport {
  void operator()(ChildReport* report) const { munmap(report, sizeof(ChildReport)); }
};
using SharedReport = std::unique_ptr<ChildReport, UnmapReport>;

absl::StatusOr<SharedReport> MakeReport() {
  void* memory =
      mmap(nullptr, sizeof(ChildReport), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return ErrnoStatus("mapping the child's report");
  return SharedReport(new (memory) ChildReport);
}

// Why waiting for a child came to an end.
enum class Wake { kChildEnded, kTimedOut, kCancelled, kAgentGone };

class Runner {
 public:
  explicit Runner(const ChildSettings& settings) : settings_(settings) {}

  int Serve();

 private:
  // None: the agent cancelled it or is gone.
  absl::StatusOr<std::optional<v1::MeasureResult>> Measure(const CandidateJob& job);
  Wake AwaitChild(int alive, uint64_t timeout_ns);

  const ChildSettings settings_;
  bool agent_gone_ = false;
};

int Runner::Serve() {
  while (!agent_gone_) {
    absl::StatusOr<ChannelMessage> message = ReceiveMessage(kRunnerChannel);
    if (!message.ok()) return absl::IsUnavailable(message.status()) ? 0 : 1;
    if (message->bytes.empty()) continue;  // A cancellation that came after the end.
    CandidateJob job;
    job.files = std::move(message->files);
    if (!job.assignment.ParseFromString(message->bytes)) return 1;
    absl::StatusOr<std::optional<v1::MeasureResult>> result = Measure(job);
    if (agent_gone_) break;
    v1::MeasureResult reply;
    if (!result.ok()) {
      reply = FailedResult(job.assignment.candidates(0).candidate_id(), v1::OUTCOME_DEVICE_LOST,
                           "load", std::string(result.status().message()));
    } else if (result->has_value()) {
      reply = **std::move(result);
    }
    // A cancelled candidate is answered by an empty result, so that each request has one reply.
    if (!SendMessage(kRunnerChannel, reply.SerializeAsString(), {}).ok()) return 1;
  }
  return 0;
}

absl::StatusOr<std::optional<v1::MeasureResult>> Runner::Measure(const CandidateJob& job) {
  TUNEFARM_ASSIGN_OR_RETURN(const SharedReport report, MakeReport());
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return ErrnoStatus("pipe");
  const base::UniqueFd reading(ends[0]);
  base::UniqueFd writing(ends[1]);
  const pid_t runner = getpid();
  const pid_t child = fork();
  if (child < 0) return ErrnoStatus("forking a process for the candidate");
  if (child == 0) RunCandidate(job, settings_, runner, writing.get(), report.get());

  // On both sides, because either may be first. The pipe ends when the child does.
  setpgid(child, child);
  writing.Close();
  const Wake wake = AwaitChild(reading.get(), job.assignment.timing().timeout_ns());
  kill(-child, SIGKILL);
  ChildEnd end = {.timed_out = wake == Wake::kTimedOut, .wait_status = 0};
  while (waitpid(child, &end.wait_status, 0) < 0 && errno == EINTR) {
  }
  if (wake == Wake::kCancelled || wake == Wake::kAgentGone)
    return std::optional<v1::MeasureResult>();
  return std::optional(ResultOf(*report, end, job.assignment));
}

Wake Runner::AwaitChild(int alive, uint64_t timeout_ns) {
  const absl::Duration deadline =
      base::RealClock().SteadyNow() + absl::Nanoseconds(static_cast<int64_t>(timeout_ns));
  while (true) {
    const absl::Duration left = deadline - base::RealClock().SteadyNow();
    if (left <= absl::ZeroDuration()) return Wake::kTimedOut;
    pollfd events[2] = {{.fd = alive, .events = POLLIN, .revents = 0},
                        {.fd = kRunnerChannel, .events = POLLIN, .revents = 0}};
    const timespec wait = absl::ToTimespec(left);
    if (ppoll(events, 2, &wait, nullptr) < 0) continue;
    // The child writes nothing: its end of the pipe closes when it dies.
    if (events[0].revents != 0) return Wake::kChildEnded;
    if (events[1].revents == 0) continue;
    const absl::StatusOr<ChannelMessage> message = ReceiveMessage(kRunnerChannel);
    if (message.ok()) return Wake::kCancelled;
    agent_gone_ = true;
    return Wake::kAgentGone;
  }
}

std::optional<ChildSettings> ParseSettings(const std::vector<std::string>& arguments) {
  if (arguments.size() != 6 || arguments[0] != kRunnerFlag) return std::nullopt;
  ChildSettings settings;
  for (const auto& text : absl::StrSplit(arguments[1], ',')) {
    int core;
    if (!absl::SimpleAtoi(text, &core)) return std::nullopt;
    settings.cores.push_back(core);
  }
  if (!absl::SimpleAtoi(arguments[2], &settings.memory_limit_bytes) ||
      !absl::SimpleAtoi(arguments[3], &settings.cache_flush_bytes) ||
      !absl::SimpleAtob(arguments[4], &settings.use_seccomp)) {
    return std::nullopt;
  }
  settings.system_root = arguments[5];
  if (!settings.cores.empty()) {
    settings.sensors = FindSensors(SystemFiles(settings.system_root), settings.cores[0]);
  }
  return settings;
}

// The working directory of all candidates: empty, and gone already, so that nothing can be made in
// it.
void LeaveDirectory() {
  const char* const parent = std::getenv("TMPDIR");
  std::string path = absl::StrFormat("%s/tuner-agent-XXXXXX", parent != nullptr ? parent : "/tmp");
  const bool made = mkdtemp(path.data()) != nullptr;
  const bool entered = made && chdir(path.c_str()) == 0;
  if (made) rmdir(path.c_str());
  // Where no directory can be made, one in which none can be made either.
  if (!entered && chdir("/proc/self/fdinfo") != 0) std::fprintf(stderr, "no empty directory\n");
}

}  // namespace

std::vector<std::string> RunnerArguments(const ChildSettings& settings) {
  return {kRunnerFlag,
          absl::StrJoin(settings.cores, ","),
          absl::StrFormat("%u", settings.memory_limit_bytes),
          absl::StrFormat("%u", settings.cache_flush_bytes),
          settings.use_seccomp ? "true" : "false",
          settings.system_root};
}

int RunnerMain(const std::vector<std::string>& arguments) {
  const std::optional<ChildSettings> settings = ParseSettings(arguments);
  if (!settings || fcntl(kRunnerChannel, F_GETFD) < 0) {
    std::fprintf(stderr, "tuner-agent: %s is for the agent's own use\n", kRunnerFlag);
    return 2;
  }
  fcntl(kRunnerChannel, F_SETFD, FD_CLOEXEC);
  EnterEmptyFolder();
  // Ctrl-C on a terminal reaches the whole group; the agent decides when its runner ends.
  signal(SIGINT, SIG_IGN);
  LeaveDirectory();
#if defined(__GLIBC__)
  // Each arena reserves address space, which is limited in the children.
  mallopt(M_ARENA_MAX, 1);
#endif
  return Runner(*settings).Serve();
}

}  // namespace tunefarm::device_agent
