#include "tests/support/program.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <filesystem>

namespace tunefarm::testing {
namespace {

[[noreturn]] void Become(const std::string& program, std::vector<std::string> args, int out,
                         int err) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  const int empty = open("/dev/null", O_RDONLY);
  dup2(empty, STDIN_FILENO);
  dup2(out, STDOUT_FILENO);
  dup2(err, STDERR_FILENO);
  args.insert(args.begin(), program);
  std::vector<char*> argv;
  for (std::string& arg : args) argv.push_back(arg.data());
  argv.push_back(nullptr);
  execvp(program.c_str(), argv.data());
  std::fprintf(stderr, "cannot execute %s\n", program.c_str());
  _exit(127);
}

}  // namespace

Program::Program(const std::string& name, std::vector<std::string> args) {
  const bool is_path = name.find('/') != std::string::npos;
  const std::string program = is_path ? name : std::string(TUNEFARM_BIN_DIR) + "/" + name;
  int pipe_ends[2];
  if (pipe2(pipe_ends, O_CLOEXEC) != 0) std::abort();
  err_ = memfd_create("stderr", MFD_CLOEXEC);
  pid_ = fork();
  if (pid_ == 0) Become(program, std::move(args), pipe_ends[1], err_);
  close(pipe_ends[1]);
  out_ = pipe_ends[0];
}

Program::~Program() {
  if (code_ < 0) {
    Signal(SIGKILL);
    Wait();
  }
  close(out_);
  close(err_);
}

std::string Program::ReadLine() {
  while (buffered_.find('\n') == std::string::npos) {
    char chunk[4096];
    const ssize_t num_read = read(out_, chunk, sizeof(chunk));
    if (num_read <= 0) return std::exchange(buffered_, "");
    buffered_.append(chunk, static_cast<size_t>(num_read));
  }
  const size_t end = buffered_.find('\n');
  const std::string line = buffered_.substr(0, end);
  buffered_.erase(0, end + 1);
  return line;
}

std::string Program::ReadRest() {
  std::string text = std::exchange(buffered_, "");
  char chunk[4096];
  for (ssize_t num_read; (num_read = read(out_, chunk, sizeof(chunk))) > 0;) {
    text.append(chunk, static_cast<size_t>(num_read));
  }
  return text;
}

void Program::Signal(int signal) {
  if (code_ < 0) kill(pid_, signal);
}

int Program::Wait() {
  if (code_ >= 0) return code_;
  int status = 0;
  waitpid(pid_, &status, 0);
  code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return code_;
}

std::string Program::Errors() const {
  std::string text;
  char chunk[4096];
  for (ssize_t num_read;
       (num_read = pread(err_, chunk, sizeof(chunk), static_cast<off_t>(text.size()))) > 0;) {
    text.append(chunk, static_cast<size_t>(num_read));
  }
  return text;
}

std::string LastLine(const std::string& text) {
  if (text.size() < 2) return text;
  return text.substr(text.rfind('\n', text.size() - 2) + 1);
}

Finished RunProgram(const std::string& name, const std::vector<std::string>& args) {
  Program program(name, args);
  Finished finished;
  finished.out = program.ReadRest();
  finished.code = program.Wait();
  finished.err = program.Errors();
  return finished;
}

TempFolder::TempFolder() {
  path_ = ::testing::TempDir() + "tunefarm_XXXXXX";
  if (mkdtemp(path_.data()) == nullptr) std::abort();
}

TempFolder::~TempFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace tunefarm::testing
