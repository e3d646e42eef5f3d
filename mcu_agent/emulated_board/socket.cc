#include "mcu_agent/emulated_board/socket.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>

#include "absl/strings/str_format.h"

namespace tunefarm::mcu_agent {
namespace {

constexpr size_t kReceiveBytes = 65536;

absl::Status Errno(const std::string& what) {
  return absl::UnavailableError(absl::StrFormat("%s: %s", what, std::strerror(errno)));
}

sockaddr_in Loopback(uint16_t port) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

// Requests and answers are small and wait for each other.
void SendAtOnce(int fd) {
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

}  // namespace

absl::Status Socket::Send(std::string_view bytes) const {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) return Errno("send");
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
  return absl::OkStatus();
}

absl::Status Socket::Receive(std::string& buffer, absl::Duration deadline) const {
  pollfd wait = {fd(), POLLIN, 0};
  const int ready = ::poll(&wait, 1, static_cast<int>(absl::ToInt64Milliseconds(deadline)));
  if (ready == 0) {
    return absl::DeadlineExceededError(
        absl::StrFormat("no answer within %s", absl::FormatDuration(deadline)));
  }
  char bytes[kReceiveBytes];
  const ssize_t received = ::recv(fd(), bytes, sizeof(bytes), 0);
  if (received < 0 && errno == EINTR) return absl::OkStatus();
  if (received < 0) return Errno("recv");
  if (received == 0) return absl::UnavailableError("the peer closed the connection");
  buffer.append(bytes, static_cast<size_t>(received));
  return absl::OkStatus();
}

bool Socket::Readable() const {
  pollfd wait = {fd(), POLLIN, 0};
  return ::poll(&wait, 1, 0) > 0;
}

absl::StatusOr<Socket> ListenTcp(uint16_t port) {
  Socket listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!listener.valid()) return Errno("socket");
  const int on = 1;
  ::setsockopt(listener.fd(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  const sockaddr_in address = Loopback(port);
  if (::bind(listener.fd(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 ||
      ::listen(listener.fd(), 4) != 0) {
    return Errno(absl::StrFormat("listen on 127.0.0.1:%d", port));
  }
  return listener;
}

uint16_t PortOf(const Socket& listener) {
  sockaddr_in address = {};
  socklen_t size = sizeof(address);
  ::getsockname(listener.fd(), reinterpret_cast<sockaddr*>(&address), &size);
  return ntohs(address.sin_port);
}

absl::StatusOr<Socket> Accept(const Socket& listener) {
  Socket client(::accept4(listener.fd(), nullptr, nullptr, SOCK_CLOEXEC));
  if (!client.valid()) return Errno("accept");
  SendAtOnce(client.fd());
  return client;
}

absl::StatusOr<Socket> ConnectTcp(uint16_t port) {
  Socket socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const sockaddr_in address = Loopback(port);
  if (!socket.valid() ||
      ::connect(socket.fd(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    return Errno(absl::StrFormat("connect to 127.0.0.1:%d", port));
  }
  SendAtOnce(socket.fd());
  return socket;
}

absl::StatusOr<Socket> ConnectUnix(const std::string& path) {
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof(address.sun_path)) {
    return absl::InvalidArgumentError(absl::StrFormat("%s: longer than a socket's name", path));
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  Socket socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket.valid() ||
      ::connect(socket.fd(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    return absl::NotFoundError(absl::StrFormat("connect to %s: %s", path, std::strerror(errno)));
  }
  return socket;
}

}  // namespace tunefarm::mcu_agent
