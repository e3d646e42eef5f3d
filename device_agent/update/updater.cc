#include "device_agent/update/updater.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "base/clock.h"
#include "base/status.h"
#include "base/unique_fd.h"
#include "device_agent/sandbox/errno_status.h"

extern char** environ;

namespace tunefarm::device_agent {
namespace {

constexpr size_t kMaxWords = 4096;
constexpr int kMaxBusyAttempts = 100;

// The words of a command, as exec takes them; they live as long as `words`.
std::vector<char*> Argv(const std::vector<std::string>& words) {
  std::vector<char*> argv;
  for (const std::string& word : words) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  return argv;
}

struct Ended {
  std::string output;  // stdout and stderr together, cut after kMaxWords.
  bool in_time = false;
  bool succeeded = false;
};

// Reads until the end of the output, which is when the process has ended.
Ended Await(pid_t pid, int output, absl::Duration patience) {
  Ended ended;
  const absl::Duration deadline = base::RealClock().SteadyNow() + patience;
  while (true) {
    const absl::Duration left = deadline - base::RealClock().SteadyNow();
    pollfd event = {.fd = output, .events = POLLIN, .revents = 0};
    if (left <= absl::ZeroDuration() ||
        poll(&event, 1, static_cast<int>(absl::ToInt64Milliseconds(left)) + 1) == 0) {
      break;
    }
    char part[512];
    const ssize_t num_read = read(output, part, sizeof(part));
    if (num_read == 0) {
      ended.in_time = true;
      break;
    }
    if (num_read > 0 && ended.output.size() < kMaxWords) {
      ended.output.append(part, static_cast<size_t>(num_read));
    }
  }
  if (!ended.in_time) kill(pid, SIGKILL);
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  ended.succeeded = ended.in_time && WIFEXITED(status) && WEXITSTATUS(status) == 0;
  return ended;
}

absl::StatusOr<Ended> Run(const std::vector<std::string>& words, absl::Duration patience) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return ErrnoStatus("pipe");
  const base::UniqueFd reading(ends[0]);
  base::UniqueFd writing(ends[1]);
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_adddup2(&files, writing.get(), 1);
  posix_spawn_file_actions_adddup2(&files, writing.get(), 2);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
  pid_t pid = 0;
  int error = 0;
  // ETXTBSY: another thread was forking while the file was being written, and its child still holds
  // the descriptor for the moment that it takes to get to its own exec.
  for (int attempt = 0; attempt < kMaxBusyAttempts; ++attempt) {
    error = posix_spawn(&pid, words[0].c_str(), &files, &attributes, Argv(words).data(), environ);
    if (error != ETXTBSY) break;
    absl::SleepFor(absl::Milliseconds(10));
  }
  posix_spawn_file_actions_destroy(&files);
  posix_spawnattr_destroy(&attributes);
  if (error != 0) {
    return absl::FailedPreconditionError(
        absl::StrFormat("the update cannot be started here: %s", std::strerror(error)));
  }
  writing.Close();
  return Await(pid, reading.get(), patience);
}

}  // namespace

absl::Status Updater::Take(const v1::UpdateAgent& update) const {
  TUNEFARM_RETURN_IF_ERROR(CheckUpdate(options_.settings, update));
  TUNEFARM_ASSIGN_OR_RETURN(const std::string executable, store_.Put(update));
  absl::Status status = Try(executable, update.version());
  if (status.ok()) status = store_.Commit(update);
  if (!status.ok()) store_.Discard(update);
  return status;
}

absl::Status Updater::Try(const std::string& executable, const std::string& version) const {
  std::vector<std::string> words = {executable};
  if (!options_.emulator.empty()) words.insert(words.begin(), options_.emulator);
  words.push_back(kProbeFlag);
  words.insert(words.end(), options_.arguments.begin(), options_.arguments.end());
  TUNEFARM_ASSIGN_OR_RETURN(Ended ended, Run(words, options_.patience));
  absl::StripAsciiWhitespace(&ended.output);
  if (!ended.in_time) {
    return absl::FailedPreconditionError(
        absl::StrFormat("version %s did not come up within %s, it was killed", version,
                        absl::FormatDuration(options_.patience)));
  }
  std::replace(ended.output.begin(), ended.output.end(), '\n', ' ');
  if (!ended.succeeded) {
    return absl::FailedPreconditionError(
        absl::StrFormat("version %s does not come up: %s", version, ended.output));
  }
  // Warnings may stand in front of it.
  if (!absl::EndsWith(ended.output, kProbePrefix + version)) {
    return absl::FailedPreconditionError(
        absl::StrFormat("the update to version %s says it is \"%s\"", version, ended.output));
  }
  return absl::OkStatus();
}

absl::Status Updater::Become(const std::string& executable) const {
  std::vector<std::string> words = {executable};
  if (!options_.emulator.empty()) words.insert(words.begin(), options_.emulator);
  words.insert(words.end(), options_.arguments.begin(), options_.arguments.end());
  // What gRPC left open is not for the successor.
  for (int fd = 3; fd < 1024; ++fd) fcntl(fd, F_SETFD, FD_CLOEXEC);
  execv(words[0].c_str(), Argv(words).data());
  return ErrnoStatus("becoming " + executable);
}

}  // namespace tunefarm::device_agent
