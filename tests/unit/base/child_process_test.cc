#include "base/child_process.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <string>
#include <utility>

#include "tests/support/status_matchers.h"

namespace tunefarm::base {
namespace {

using ::testing::HasSubstr;
using ::tunefarm::testing::IsOk;

struct Pipe {
  UniqueFd read_end, write_end;
};

Pipe MakePipe() {
  std::array<int, 2> ends;
  EXPECT_EQ(pipe2(ends.data(), O_CLOEXEC), 0);
  return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

std::string ReadAll(int fd) {
  std::string text;
  std::array<char, 256> chunk;
  for (ssize_t n; (n = read(fd, chunk.data(), chunk.size())) > 0;) {
    text.append(chunk.data(), static_cast<size_t>(n));
  }
  return text;
}

ChildProcess Shell(const std::string& script, int stdout_fd = -1, int extra_fd = -1) {
  ChildSpec spec;
  spec.program = "/bin/sh";
  spec.args = {"-c", script};
  spec.stdout_fd = stdout_fd;
  spec.extra_fd = extra_fd;
  auto child = ChildProcess::Spawn(spec);
  EXPECT_THAT(child, IsOk());
  return *std::move(child);
}

// All that a child prints on its stdout.
std::string OutputOf(const std::string& script, int extra_fd = -1) {
  Pipe pipe = MakePipe();
  ChildProcess child = Shell(script, pipe.write_end.get(), extra_fd);
  pipe.write_end.Close();
  return ReadAll(pipe.read_end.get());
}

TEST(ChildProcessTest, EndIsTold) {
  EXPECT_EQ(Shell("exit 7").Wait(), "exit code 7");
  EXPECT_EQ(Shell("kill -SEGV $$").Wait(), "signal 11 (Segmentation fault)");
}

TEST(ChildProcessTest, EndIsToldAgain) {
  ChildProcess child = Shell("exit 7");
  child.Wait();
  EXPECT_EQ(child.Wait(), "exit code 7");
  EXPECT_FALSE(child.IsRunning());
}

TEST(ChildProcessTest, RunningChildIsRunningUntilItIsKilled) {
  ChildProcess child = Shell("exec sleep 1000");
  EXPECT_TRUE(child.IsRunning());
  child.Signal(SIGKILL);
  EXPECT_EQ(child.Wait(), "signal 9 (Killed)");
}

TEST(ChildProcessTest, LastWordsAreTheLastLineOfStderr) {
  ChildProcess child = Shell("echo one >&2; echo two >&2; exit 1");
  child.Wait();
  EXPECT_EQ(child.LastWords(), "two");
  ChildProcess silent = Shell("exit 1");
  silent.Wait();
  EXPECT_EQ(silent.LastWords(), "");
}

TEST(ChildProcessTest, ProgramThatIsNotThereSaysSo) {
  ChildSpec spec;
  spec.program = "/no/such/program";
  auto child = ChildProcess::Spawn(spec);
  ASSERT_THAT(child, IsOk());
  EXPECT_EQ(child->Wait(), "exit code 127");
  EXPECT_EQ(child->LastWords(), "/no/such/program: No such file or directory");
}

TEST(ChildProcessTest, ChildHasOnlyTheDescriptorsItWasGiven) {
  const UniqueFd stray(open("/dev/null", O_RDONLY));  // Without O_CLOEXEC: would be inherited.
  const Pipe extra = MakePipe();
  const std::string list = "ls /proc/$$/fd; :";  // Of the shell, not of ls.
  EXPECT_EQ(OutputOf(list), "0\n1\n2\n");
  EXPECT_EQ(OutputOf(list, extra.write_end.get()), "0\n1\n2\n3\n");
}

TEST(ChildProcessTest, ChildIsInAProcessGroupOfItsOwn) {
  const std::string group = OutputOf("cut -d' ' -f5 /proc/$$/stat; echo $$");
  const size_t newline = group.find('\n');
  EXPECT_EQ(group.substr(0, newline) + "\n", group.substr(newline + 1));
}

TEST(ChildProcessTest, ChildDoesNotInheritBlockedSignals) {
  sigset_t blocked, before;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &blocked, &before);
  ChildProcess child = Shell("exec sleep 1000");
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  child.Signal(SIGTERM);
  EXPECT_EQ(child.Wait(), "signal 15 (Terminated)");
}

TEST(ChildProcessTest, ChildDiesWithAParentThatIsKilled) {
  Pipe pipe = MakePipe();
  ChildSpec spec;
  spec.program = TUNEFARM_TEST_PARENT;
  spec.stdout_fd = pipe.write_end.get();
  auto parent = ChildProcess::Spawn(spec);
  ASSERT_THAT(parent, IsOk());
  pipe.write_end.Close();
  std::array<char, 8> started;
  ASSERT_EQ(read(pipe.read_end.get(), started.data(), started.size()), 8);
  parent->Signal(SIGKILL);
  // The grandchild holds the last end of the pipe: the end of the stream is the end of its life.
  EXPECT_EQ(ReadAll(pipe.read_end.get()), "");
}

}  // namespace
}  // namespace tunefarm::base
