// What the tracker costs beside build and run: trivial candidates through the real tuner-tracker (a
// child process) on loopback, answered at once by an agent in this process. What is printed
// includes the fake agent and client, so it is an upper bound.
//
//   dispatch_bench [--trials 2000] [--batch 16] [--elf-bytes 20000]
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "CLI/CLI.hpp"
#include "base/clock.h"
#include "tests/integration/tracker/fake_agent.h"

namespace tunefarm::tracker {
namespace {

struct Tracker {
  pid_t pid = 0;
  std::string address;  // Empty: it did not start.
};

// tuner-tracker stands beside this program.
Tracker StartTracker() {
  const std::string program =
      std::filesystem::read_symlink("/proc/self/exe").parent_path() / "tuner-tracker";
  int out[2];
  if (pipe2(out, O_CLOEXEC) != 0) return {};
  Tracker tracker;
  tracker.pid = fork();
  if (tracker.pid == 0) {
    dup2(out[1], STDOUT_FILENO);
    execl(program.c_str(), program.c_str(), "--listen", "127.0.0.1:0", nullptr);
    _exit(127);
  }
  close(out[1]);
  FILE* lines = fdopen(out[0], "r");
  char address[64] = "";
  if (std::fscanf(lines, "listening on %63s", address) == 1) tracker.address = address;
  std::fclose(lines);
  return tracker;
}

// A "Vm..." field of /proc/PID/status, in megabytes.
double MemoryMb(pid_t pid, const std::string& field) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(field + ":")) return std::stod(line.substr(field.size() + 1)) / 1024;
  }
  return 0;
}

// Milliseconds per trial of each submission of `batch` candidates.
std::vector<double> Submissions(const std::string& address, int trials, int batch,
                                size_t elf_bytes) {
  const auto stub = v1::TrackerService::NewStub(ConnectTo(address));
  const v1::SubmitRequest request = FakeClient::RequestOf(batch, elf_bytes);
  std::vector<double> per_trial;
  for (int done = 0; done < trials; done += batch) {
    const absl::Duration start = base::RealClock().SteadyNow();
    grpc::ClientContext context;
    const auto reader = stub->Submit(&context, request);
    v1::SubmitUpdate update;
    int num_results = 0;
    while (reader->Read(&update)) num_results += update.has_result() ? 1 : 0;
    if (!reader->Finish().ok() || num_results != batch) return {};
    per_trial.push_back(absl::ToDoubleMilliseconds(base::RealClock().SteadyNow() - start) / batch);
  }
  return per_trial;
}

bool Report(const char* title, std::vector<double> per_trial_ms) {
  if (per_trial_ms.empty()) return false;
  std::sort(per_trial_ms.begin(), per_trial_ms.end());
  const auto at = [&](double share) {
    return per_trial_ms[static_cast<size_t>(share * static_cast<double>(per_trial_ms.size() - 1))];
  };
  std::printf("%-28s p50 %.3f ms   p99 %.3f ms   max %.3f ms per trial\n", title, at(0.5), at(0.99),
              at(1));
  return true;
}

int Main(int argc, char** argv) {
  CLI::App app("dispatch_bench: the overhead of the tracker per trial, and its memory");
  int trials = 2000;
  int batch = 16;
  size_t elf_bytes = 20000;
  app.add_option("--trials", trials, "Trials per mode")->check(CLI::PositiveNumber);
  app.add_option("--batch", batch, "Candidates per submission")->check(CLI::PositiveNumber);
  app.add_option("--elf-bytes", elf_bytes, "Size of each kernel");
  CLI11_PARSE(app, argc, argv);

  const Tracker tracker = StartTracker();
  if (tracker.address.empty()) {
    std::fprintf(stderr, "dispatch_bench: tuner-tracker did not start\n");
    return 1;
  }
  FakeAgent agent(tracker.address, "bench");
  std::thread serving([&] { agent.Serve(); });
  std::thread beating([&] {
    while (agent.Heartbeat()) sleep(1);
  });
  Submissions(tracker.address, std::min(trials, 100), batch, elf_bytes);  // Warm-up.
  bool ok = Report("one candidate at a time", Submissions(tracker.address, trials, 1, elf_bytes));
  const std::string title = "submissions of " + std::to_string(batch);
  ok = Report(title.c_str(), Submissions(tracker.address, trials, batch, elf_bytes)) && ok;
  std::printf("%-28s %.1f MB now, %.1f MB at most\n", "resident memory of tracker",
              MemoryMb(tracker.pid, "VmRSS"), MemoryMb(tracker.pid, "VmHWM"));
  agent.Cancel();
  serving.join();
  kill(tracker.pid, SIGTERM);
  waitpid(tracker.pid, nullptr, 0);
  beating.join();
  if (!ok) std::fprintf(stderr, "dispatch_bench: a submission did not return every result\n");
  return ok ? 0 : 1;
}

}  // namespace
}  // namespace tunefarm::tracker

int main(int argc, char** argv) { return tunefarm::tracker::Main(argc, argv); }
