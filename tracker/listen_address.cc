#include "tracker/listen_address.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <memory>
#include <system_error>

#include "absl/strings/str_format.h"

namespace tunefarm::tracker {
namespace {

absl::Status Malformed(const std::string& text, const char* what) {
  return absl::InvalidArgumentError(
      absl::StrFormat("listen address \"%s\": %s (want HOST:PORT or [IPV6]:PORT)", text, what));
}

}  // namespace

absl::StatusOr<ListenAddress> ParseListenAddress(const std::string& text) {
  const size_t colon = text.rfind(':');
  if (colon == std::string::npos) return Malformed(text, "no port");
  ListenAddress address;
  address.host = text.substr(0, colon);
  if (address.host.size() >= 2 && address.host.front() == '[' && address.host.back() == ']') {
    address.host = address.host.substr(1, address.host.size() - 2);
  } else if (address.host.find(':') != std::string::npos) {
    return Malformed(text, "an IPv6 address needs brackets");
  }
  if (address.host.empty()) return Malformed(text, "no host");
  const std::string digits = text.substr(colon + 1);
  const char* const end = digits.data() + digits.size();
  const auto [parsed, error] = std::from_chars(digits.data(), end, address.port);
  if (error != std::errc() || parsed != end) {
    return Malformed(text, "the port is not a number from 0 to 65535");
  }
  return address;
}

std::string ToString(const ListenAddress& address) {
  const bool v6 = address.host.find(':') != std::string::npos;
  return v6 ? absl::StrFormat("[%s]:%u", address.host, address.port)
            : absl::StrFormat("%s:%u", address.host, address.port);
}

bool IsLoopback(const ListenAddress& address) {
  if (address.host == "localhost") return true;
  in_addr v4;
  if (inet_pton(AF_INET, address.host.c_str(), &v4) == 1) return ntohl(v4.s_addr) >> 24 == 127;
  in6_addr v6;
  return inet_pton(AF_INET6, address.host.c_str(), &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

absl::Status ProbeListen(const ListenAddress& address) {
  const auto failed = [&](const char* why) {
    return absl::UnavailableError(
        absl::StrFormat("cannot listen on %s: %s", ToString(address), why));
  };
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* found = nullptr;
  const std::string port = absl::StrFormat("%u", address.port);
  if (const int error = getaddrinfo(address.host.c_str(), port.c_str(), &hints, &found);
      error != 0) {
    return failed(gai_strerror(error));
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owned(found, &freeaddrinfo);
  int error = 0;
  for (const addrinfo* info = found; info != nullptr; info = info->ai_next) {
    const int fd = socket(info->ai_family, info->ai_socktype | SOCK_CLOEXEC, info->ai_protocol);
    if (fd < 0) {
      error = errno;
      continue;
    }
    const int on = 1;  // As gRPC does: connections of a former listener are no obstacle.
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    const bool bound = bind(fd, info->ai_addr, info->ai_addrlen) == 0 && listen(fd, 1) == 0;
    error = errno;
    close(fd);
    if (bound) return absl::OkStatus();
  }
  return failed(std::strerror(error));
}

}  // namespace tunefarm::tracker
