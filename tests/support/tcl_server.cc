#include "tests/support/tcl_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <array>
#include <cstdlib>

namespace tunefarm::testing {
namespace {

constexpr char kEnd = '\x1a';

// Waits for `fd`; false when `stop` came first.
bool Await(int fd, int stop) {
  pollfd events[2] = {{fd, POLLIN, 0}, {stop, POLLIN, 0}};
  while (poll(events, 2, -1) < 0) {
  }
  return events[1].revents == 0;
}

}  // namespace

TclServer::TclServer(Handler handler)
    : handler_(std::move(handler)),
      listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)),
      stop_(eventfd(0, EFD_CLOEXEC)) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  if (bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      listen(listener_.get(), 1) != 0 ||
      getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    std::abort();
  }
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { Serve(); });
}

TclServer::~TclServer() {
  const uint64_t one = 1;
  if (write(stop_.get(), &one, sizeof(one)) < 0) std::abort();
  thread_.join();
}

void TclServer::Serve() {
  while (Await(listener_.get(), stop_.get())) {
    const base::UniqueFd client(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!ServeClient(client.get())) return;
  }
}

bool TclServer::ServeClient(int client) {
  std::string received;
  std::array<char, 4096> chunk;
  while (Await(client, stop_.get())) {
    const ssize_t got = recv(client, chunk.data(), chunk.size(), 0);
    if (got <= 0) return true;
    received.append(chunk.data(), static_cast<size_t>(got));
    for (size_t end; (end = received.find(kEnd)) != std::string::npos;) {
      const Reply reply = handler_(received.substr(0, end));
      received.erase(0, end + 1);
      if (send(client, reply.bytes.data(), reply.bytes.size(), MSG_NOSIGNAL) < 0) return true;
      if (reply.closes) return true;
    }
  }
  return false;
}

}  // namespace tunefarm::testing
