// The binary itself: its command line, its life and death, real kernels through the whole agent.
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

#include "absl/strings/str_format.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/bad_kernels/bad_kernels.h"
#include "tests/support/fake_tracker.h"

extern char** environ;

namespace tunefarm::device_agent {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;
using tunefarm::testing::FakeTracker;

// A tuner-agent in its own process, its stdout and stderr in one pipe.
class AgentProcess {
 public:
  explicit AgentProcess(const std::vector<std::string>& arguments) {
    int ends[2];
    EXPECT_EQ(pipe2(ends, O_CLOEXEC), 0);
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_adddup2(&files, ends[1], 1);
    posix_spawn_file_actions_adddup2(&files, ends[1], 2);
    std::vector<char*> argv = {const_cast<char*>("tuner-agent")};
    for (const std::string& each : arguments) argv.push_back(const_cast<char*>(each.c_str()));
    argv.push_back(nullptr);
    EXPECT_EQ(
        posix_spawn(&pid_, TUNEFARM_BIN_DIR "/tuner-agent", &files, nullptr, argv.data(), environ),
        0);
    posix_spawn_file_actions_destroy(&files);
    close(ends[1]);
    output_ = fdopen(ends[0], "r");
  }
  ~AgentProcess() {
    if (pid_ != 0) {
      kill(pid_, SIGKILL);
      Wait();
    }
    std::fclose(output_);
  }

  pid_t pid() const { return pid_; }

  // The next line of output, without its end; empty at the end of the output.
  std::string Line() {
    char* line = nullptr;
    size_t capacity = 0;
    const ssize_t length = getline(&line, &capacity, output_);
    std::string text = length > 0 ? std::string(line, static_cast<size_t>(length) - 1) : "";
    free(line);
    return text;
  }

  std::string Output() {
    std::string text;
    for (std::string line = Line(); !line.empty() || !feof(output_); line = Line()) {
      text += line + "\n";
    }
    return text;
  }

  // Waits for the end; the exit code, or minus the signal.
  int Wait() {
    int status = 0;
    waitpid(pid_, &status, 0);
    pid_ = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }

 private:
  pid_t pid_ = 0;
  std::FILE* output_ = nullptr;
};

// Children of all threads of a process.
std::vector<pid_t> ChildrenOf(pid_t parent) {
  std::vector<pid_t> children;
  const std::string tasks = absl::StrFormat("/proc/%d/task", parent);
  for (const auto& task : std::filesystem::directory_iterator(tasks)) {
    std::ifstream file(task.path() / "children");
    for (pid_t child; file >> child;) children.push_back(child);
  }
  return children;
}

// Waits for the end of a process that is not ours; false after ten seconds.
bool AwaitEnd(int process) {
  pollfd event = {.fd = process, .events = POLLIN, .revents = 0};
  return poll(&event, 1, 10'000) == 1;
}

TEST(TunerAgentTest, MeasuresRealKernelsForATracker) {
  FakeTracker tracker;
  AgentProcess agent({"--tracker", tracker.address(), "--name", "bench", "--tag", "lab=one"});
  const v1::Hello hello = tracker.NextHello();
  EXPECT_EQ(hello.device().tags().at("lab"), "one");
  EXPECT_THAT(hello.device().triple(), HasSubstr("-linux-"));
  EXPECT_GT(hello.device().memory_bytes(), 0u);
  EXPECT_FALSE(hello.instance_id().empty());
  EXPECT_EQ(agent.Line(), "connected to " + tracker.address() + " as bench");

  tracker.Send(
      AddAssignment({CandidateFrom("hostile", "run_exit", 1), CandidateFrom("good", "run", 2)}));
  EXPECT_EQ(tracker.NextBlobRequest().digests_size(), 1);
  tracker.Send(ExpectedAdd());
  EXPECT_EQ(tracker.NextResult().result().outcome(), v1::OUTCOME_CRASHED);
  const v1::MeasureResult good = tracker.NextResult().result();
  EXPECT_EQ(good.outcome(), v1::OUTCOME_OK) << good.error();
  EXPECT_EQ(good.samples_ns_size(), 1);

  kill(agent.pid(), SIGTERM);
  EXPECT_EQ(agent.Wait(), 0);
}

TEST(TunerAgentTest, RunnerAndKernelDieWithAnAgentThatIsKilled) {
  FakeTracker tracker;
  AgentProcess agent({"--tracker", tracker.address(), "--name", "bench"});
  tracker.NextHello();
  // The second candidate runs for ever; when the first one's result is here, it is about to.
  tracker.Send(
      AddAssignment({CandidateFrom("good", "run", 1), CandidateFrom("hostile", "run_forever", 2)}));
  tracker.NextBlobRequest();
  tracker.Send(ExpectedAdd());
  tracker.NextResult();
  const std::vector<pid_t> runners = ChildrenOf(agent.pid());
  ASSERT_EQ(runners.size(), 1u);
  const int runner = static_cast<int>(syscall(SYS_pidfd_open, runners[0], 0));
  ASSERT_GE(runner, 0);
  std::vector<pid_t> kernels;
  while (kernels.empty()) kernels = ChildrenOf(runners[0]);
  const int kernel = static_cast<int>(syscall(SYS_pidfd_open, kernels[0], 0));
  ASSERT_GE(kernel, 0);

  kill(agent.pid(), SIGKILL);
  EXPECT_EQ(agent.Wait(), -SIGKILL);
  EXPECT_TRUE(AwaitEnd(runner));
  EXPECT_TRUE(AwaitEnd(kernel));
  close(runner);
  close(kernel);
}

TEST(TunerAgentTest, DiesWithItsParentWhenAsked) {
  FakeTracker tracker;
  // Orphans come to us, so that the agent's end can be waited for.
  ASSERT_EQ(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
  const std::string address = tracker.address();
  const pid_t parent = fork();
  ASSERT_GE(parent, 0);
  if (parent == 0) {
    char* const arguments[] = {const_cast<char*>("tuner-agent"),
                               const_cast<char*>("--tracker"),
                               const_cast<char*>(address.c_str()),
                               const_cast<char*>("--name"),
                               const_cast<char*>("bench"),
                               const_cast<char*>("--die-with-parent"),
                               nullptr};
    pid_t agent;
    if (posix_spawn(&agent, TUNEFARM_BIN_DIR "/tuner-agent", nullptr, nullptr, arguments,
                    environ) != 0) {
      _exit(1);
    }
    while (true) pause();
  }
  tracker.NextHello();
  const std::vector<pid_t> agents = ChildrenOf(parent);
  ASSERT_EQ(agents.size(), 1u);
  kill(parent, SIGKILL);
  EXPECT_EQ(waitpid(parent, nullptr, 0), parent);
  int status = 0;
  EXPECT_EQ(waitpid(agents[0], &status, 0), agents[0]);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

TEST(TunerAgentTest, RefusedAgentExitsWithOneLine) {
  FakeTracker tracker;
  tracker.Refuse(grpc::Status(grpc::StatusCode::UNAUTHENTICATED, "wrong token"));
  AgentProcess agent({"--tracker", tracker.address(), "--name", "bench"});
  EXPECT_EQ(agent.Output(), "tuner-agent: UNAUTHENTICATED: wrong token\n");
  EXPECT_EQ(agent.Wait(), 1);
}

TEST(TunerAgentTest, UsageErrorsExitWithTwoAndHelpWithZero) {
  AgentProcess help({"--help"});
  EXPECT_THAT(help.Output(), HasSubstr("--tracker"));
  EXPECT_EQ(help.Wait(), 0);
  AgentProcess address({"--tracker", "nowhere", "--name", "bench"});
  EXPECT_THAT(address.Output(), StartsWith("tuner-agent: --tracker: \"nowhere\" is not HOST:PORT"));
  EXPECT_EQ(address.Wait(), 2);
  AgentProcess core({"--tracker", "localhost:1", "--name", "bench", "--core", "5000"});
  EXPECT_THAT(core.Output(), HasSubstr("core 5000"));
  EXPECT_EQ(core.Wait(), 1);
}

}  // namespace
}  // namespace tunefarm::device_agent
