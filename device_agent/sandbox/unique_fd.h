// A file descriptor that closes itself, and errno as a Status.
#ifndef TUNEFARM_DEVICE_AGENT_SANDBOX_UNIQUE_FD_H_
#define TUNEFARM_DEVICE_AGENT_SANDBOX_UNIQUE_FD_H_

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"

namespace tunefarm::device_agent {

// Move-only owner of a descriptor; -1 owns nothing.
class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    if (this != &other) {
      Reset();
      fd_ = std::exchange(other.fd_, -1);
    }
    return *this;
  }
  ~UniqueFd() { Reset(); }

  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }
  void Reset() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }

 private:
  int fd_ = -1;
};

// "`what`: <text of errno>", RESOURCE_EXHAUSTED when memory ran out, INTERNAL otherwise.
inline absl::Status ErrnoStatus(const std::string& what) {
  const int error = errno;
  const std::string text = absl::StrFormat("%s: %s", what, std::strerror(error));
  return error == ENOMEM ? absl::ResourceExhaustedError(text) : absl::InternalError(text);
}

}  // namespace tunefarm::device_agent

#endif  // TUNEFARM_DEVICE_AGENT_SANDBOX_UNIQUE_FD_H_
