// A program of ours as a child process: what it prints and how it ends. Where the real binaries are
// tested.
#ifndef TUNEFARM_TESTS_SUPPORT_PROGRAM_H_
#define TUNEFARM_TESTS_SUPPORT_PROGRAM_H_

#include <sys/types.h>

#include <string>
#include <vector>

namespace tunefarm::testing {

// One thread at a time.
class Program {
 public:
  // Starts build/<preset>/bin/`name`, or `name` itself where it has a slash. It is killed when this
  // process ends. stdin is empty.
  Program(const std::string& name, std::vector<std::string> args);
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;
  ~Program();  // Kills it if it still runs.

  // The next line of stdout without its end; blocks until it is there. "" at the end of the output.
  std::string ReadLine();
  // Everything up to the end of stdout: blocks until the program closes it.
  std::string ReadRest();

  void Signal(int signal);
  // The exit code, or 128 + the signal that ended it. A second call gives the same.
  int Wait();
  // What it has written to stderr so far.
  std::string Errors() const;

 private:
  pid_t pid_ = 0;
  int out_ = -1;  // The pipe's end.
  int err_ = -1;  // A file without a name, so that nothing blocks.
  int code_ = -1;
  std::string buffered_;
};

struct Finished {
  int code = 0;
  std::string out, err;
};

// Runs a program to its end.
Finished RunProgram(const std::string& name, const std::vector<std::string>& args);

// The last line of what a program printed, with its end.
std::string LastLine(const std::string& text);

// An empty folder that is removed with all in it.
class TempFolder {
 public:
  TempFolder();
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  ~TempFolder();
  std::string File(const std::string& name) const { return path_ + "/" + name; }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace tunefarm::testing

#endif  // TUNEFARM_TESTS_SUPPORT_PROGRAM_H_
