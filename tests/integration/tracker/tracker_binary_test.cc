// tuner-tracker as a process: what it prints, how it ends.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <string>
#include <vector>

#include "tests/integration/tracker/fake_agent.h"

namespace tunefarm::tracker {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

// A child process whose stdout and stderr can be read.
class TrackerProcess {
 public:
  explicit TrackerProcess(std::vector<std::string> arguments) {
    int out[2];
    int err[2];
    if (pipe2(out, O_CLOEXEC) != 0 || pipe2(err, O_CLOEXEC) != 0) std::abort();
    const std::string program = std::string(TUNEFARM_BIN_DIR) + "/tuner-tracker";
    arguments.insert(arguments.begin(), program);
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    pid_ = fork();
    if (pid_ == 0) {
      dup2(out[1], STDOUT_FILENO);
      dup2(err[1], STDERR_FILENO);
      execv(program.c_str(), argv.data());
      _exit(127);
    }
    close(out[1]);
    close(err[1]);
    out_ = out[0];
    err_ = err[0];
  }
  ~TrackerProcess() {
    if (pid_ > 0) {
      Signal(SIGKILL);
      Wait();
    }
    close(out_);
    close(err_);
  }

  // Blocks until the line, or the end of the output, is there.
  std::string ReadLine() {
    std::string line;
    for (char c; read(out_, &c, 1) == 1;) {
      if (c == '\n') break;
      line += c;
    }
    return line;
  }
  std::string RestOfErrors() {
    std::string text;
    char buffer[4096];
    for (ssize_t n; (n = read(err_, buffer, sizeof(buffer))) > 0;) {
      text.append(buffer, static_cast<size_t>(n));
    }
    return text;
  }
  void Signal(int signal) { kill(pid_, signal); }
  // The exit code; -1 when a signal ended it.
  int Wait() {
    int status = 0;
    waitpid(pid_, &status, 0);
    pid_ = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

 private:
  pid_t pid_ = 0;
  int out_ = -1;
  int err_ = -1;
};

TEST(TrackerBinaryTest, SaysWhereItListensAndEndsCleanlyOnSigterm) {
  TrackerProcess tracker({"--listen", "127.0.0.1:0"});
  const std::string line = tracker.ReadLine();
  ASSERT_THAT(line, StartsWith("listening on 127.0.0.1:"));
  EXPECT_THAT(line, ::testing::Not(EndsWith(":0")));
  FakeAgent agent(line.substr(std::string("listening on ").size()), "pi-1");
  EXPECT_TRUE(agent.Read()->has_welcome());
  tracker.Signal(SIGTERM);
  EXPECT_EQ(tracker.Wait(), 0);
  EXPECT_EQ(agent.Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(tracker.ReadLine(), "");      // Nothing else on stdout,
  EXPECT_EQ(tracker.RestOfErrors(), "");  // nor on stderr.
}

TEST(TrackerBinaryTest, AddressInUseIsOneLineAndExitCodeOne) {
  TrackerProcess first({"--listen", "127.0.0.1:0"});
  const std::string address = first.ReadLine().substr(std::string("listening on ").size());
  TrackerProcess second({"--listen", address});
  EXPECT_EQ(second.Wait(), 1);
  EXPECT_EQ(second.RestOfErrors(), "tuner-tracker: UNAVAILABLE: cannot listen on " + address +
                                       ": Address already in use\n");
}

TEST(TrackerBinaryTest, UsageErrorsAreOneLineAndExitCodeTwo) {
  const std::vector<std::vector<std::string>> wrong = {
      {"--bogus"}, {"--listen", "nowhere"}, {"--listen", "0.0.0.0:0"}, {"--log-level", "loud"}};
  for (const std::vector<std::string>& arguments : wrong) {
    TrackerProcess tracker(arguments);
    EXPECT_EQ(tracker.Wait(), 2) << arguments[0];
    const std::string errors = tracker.RestOfErrors();
    EXPECT_EQ(std::count(errors.begin(), errors.end(), '\n'), 1) << errors;
  }
}

TEST(TrackerBinaryTest, HelpIsOnStdoutAndExitCodeZero) {
  TrackerProcess tracker({"--help"});
  EXPECT_THAT(tracker.ReadLine(), HasSubstr("tuner-tracker"));
  EXPECT_EQ(tracker.Wait(), 0);
}

}  // namespace
}  // namespace tunefarm::tracker
