// A file descriptor that closes itself.
#ifndef TUNEFARM_BASE_UNIQUE_FD_H_
#define TUNEFARM_BASE_UNIQUE_FD_H_

#include <unistd.h>

#include <utility>

namespace tunefarm::base {

class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~UniqueFd() { Close(); }

  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }
  void Close() {
    if (fd_ >= 0) close(fd_);
    fd_ = -1;
  }

 private:
  int fd_ = -1;
};

}  // namespace tunefarm::base

#endif  // TUNEFARM_BASE_UNIQUE_FD_H_
