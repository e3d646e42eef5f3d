#include "device_agent/service_manager.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <utility>

#include "absl/strings/numbers.h"
#include "spdlog/spdlog.h"

namespace tunefarm::device_agent {

void NotifyServiceManager(const std::string& state) {
  const char* path = std::getenv("NOTIFY_SOCKET");
  sockaddr_un address = {};
  if (path == nullptr || std::strlen(path) >= sizeof(address.sun_path)) return;
  address.sun_family = AF_UNIX;
  std::strcpy(address.sun_path, path);
  // A leading '@' stands for the abstract namespace, which the system writes as a zero byte.
  if (address.sun_path[0] == '@') address.sun_path[0] = '\0';
  const auto address_bytes =
      static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + std::strlen(path));
  const int socket_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (socket_fd < 0) return;
  if (sendto(socket_fd, state.data(), state.size(), MSG_NOSIGNAL,
             reinterpret_cast<const sockaddr*>(&address), address_bytes) < 0) {
    spdlog::warn("telling systemd {}: {}", state, std::strerror(errno));
  }
  close(socket_fd);
}

absl::Duration WatchdogInterval() {
  const char* microseconds_text = std::getenv("WATCHDOG_USEC");
  const char* pid_text = std::getenv("WATCHDOG_PID");
  int64_t microseconds = 0;
  int64_t pid = getpid();
  if (microseconds_text == nullptr || !absl::SimpleAtoi(microseconds_text, &microseconds) ||
      microseconds <= 0 || (pid_text != nullptr && !absl::SimpleAtoi(pid_text, &pid)) ||
      pid != getpid()) {
    return absl::ZeroDuration();
  }
  return absl::Microseconds(microseconds) / 2;
}

Watchdog::Watchdog(std::function<void()> check_alive) {
  const absl::Duration interval = WatchdogInterval();
  if (interval <= absl::ZeroDuration()) return;
  thread_ = std::jthread([interval, check_alive = std::move(check_alive)](std::stop_token stop) {
    std::mutex mutex;
    std::condition_variable_any stopped;
    std::unique_lock lock(mutex);
    while (!stopped.wait_for(lock, stop, absl::ToChronoNanoseconds(interval), [] {
      return false;
    }) && !stop.stop_requested()) {
      check_alive();
      NotifyServiceManager("WATCHDOG=1");
    }
  });
}

}  // namespace tunefarm::device_agent
