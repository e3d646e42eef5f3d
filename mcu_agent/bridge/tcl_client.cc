#include "mcu_agent/bridge/tcl_client.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_format.h"
#include "base/clock.h"
#include "base/status.h"

namespace tunefarm::mcu_agent {
namespace {

constexpr char kEnd = '\x1a';
constexpr char kFailed = '-';
constexpr char kDone = '+';
constexpr size_t kCommandWordsInMessages = 60;

absl::Duration SteadyNow() { return base::RealClock().SteadyNow(); }

// DEADLINE_EXCEEDED when nothing happens on `fd` until `deadline` (of the steady clock).
absl::Status Await(int fd, short events, absl::Duration deadline) {
  while (true) {
    const absl::Duration left = std::max(deadline - SteadyNow(), absl::ZeroDuration());
    const timespec wait = absl::ToTimespec(left);
    pollfd polled = {fd, events, 0};
    const int ready = ppoll(&polled, 1, &wait, nullptr);
    if (ready > 0) return absl::OkStatus();
    if (ready == 0) return absl::DeadlineExceededError("no answer in time");
    if (errno != EINTR) return absl::InternalError(absl::StrFormat("poll: %s", strerror(errno)));
  }
}

absl::Status SendAll(int fd, const std::string& bytes, absl::Duration deadline) {
  size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t sent = send(fd, bytes.data() + done, bytes.size() - done, MSG_NOSIGNAL);
    if (sent > 0) {
      done += static_cast<size_t>(sent);
    } else if (errno == EAGAIN) {
      TUNEFARM_RETURN_IF_ERROR(Await(fd, POLLOUT, deadline));
    } else if (errno != EINTR) {
      return absl::UnavailableError(absl::StrFormat("send: %s", strerror(errno)));
    }
  }
  return absl::OkStatus();
}

// Reads up to the end mark, which is not part of what is returned.
absl::StatusOr<std::string> ReceiveReply(int fd, absl::Duration deadline) {
  std::string reply;
  std::array<char, 16384> chunk;
  while (reply.empty() || reply.back() != kEnd) {
    const ssize_t got = recv(fd, chunk.data(), chunk.size(), 0);
    if (got > 0) {
      reply.append(chunk.data(), static_cast<size_t>(got));
      if (reply.size() > TclClient::kMaxReplyBytes) {
        return absl::UnavailableError(
            absl::StrFormat("reply of more than %u bytes", TclClient::kMaxReplyBytes));
      }
    } else if (got == 0) {
      return absl::UnavailableError("OpenOCD closed the connection");
    } else if (errno == EAGAIN) {
      TUNEFARM_RETURN_IF_ERROR(Await(fd, POLLIN, deadline));
    } else if (errno != EINTR) {
      return absl::UnavailableError(absl::StrFormat("receive: %s", strerror(errno)));
    }
  }
  reply.pop_back();
  return reply;
}

}  // namespace

absl::StatusOr<TclClient> TclClient::Connect(uint16_t port, absl::Duration timeout) {
  const absl::Duration deadline = SteadyNow() + timeout;
  base::UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.valid()) return absl::InternalError(absl::StrFormat("socket: %s", strerror(errno)));
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const auto failed = [port](int error) {
    return absl::UnavailableError(
        absl::StrFormat("connect to OpenOCD at 127.0.0.1:%d: %s", port, strerror(error)));
  };
  if (connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) {
    if (errno != EINPROGRESS) return failed(errno);
    TUNEFARM_RETURN_IF_ERROR(Await(fd.get(), POLLOUT, deadline));
    int error = 0;
    socklen_t size = sizeof(error);
    getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) return failed(error);
  }
  // Commands are short and wait for their replies.
  const int on = 1;
  setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  return TclClient(std::move(fd));
}

absl::StatusOr<std::string> TclClient::Call(const std::string& command, absl::Duration timeout) {
  const std::string shown = command.substr(0, kCommandWordsInMessages);
  if (!alive()) {
    return absl::UnavailableError(
        absl::StrFormat("\"%s\": the connection to OpenOCD is over", shown));
  }
  // The server sends a command's result alone; whether it failed has to be asked for.
  const std::string guarded =
      absl::StrFormat("if {[catch {%s} r]} {set r \"%c$r\"} else {set r \"%c$r\"}%c", command,
                      kFailed, kDone, kEnd);
  absl::StatusOr<std::string> reply = Exchange(guarded, SteadyNow() + timeout);
  if (!reply.ok()) {
    socket_.Close();
    if (absl::IsDeadlineExceeded(reply.status())) {
      return absl::DeadlineExceededError(absl::StrFormat("OpenOCD did not answer \"%s\" within %s",
                                                         shown, absl::FormatDuration(timeout)));
    }
    return base::Annotate(reply.status(), absl::StrFormat("\"%s\"", shown));
  }
  const char verdict = reply->empty() ? '\0' : reply->front();
  if (verdict != kFailed && verdict != kDone) {
    socket_.Close();
    return absl::UnavailableError(
        absl::StrFormat("\"%s\": the reply is none of OpenOCD's Tcl server", shown));
  }
  reply->erase(0, 1);
  absl::StripAsciiWhitespace(&*reply);
  if (verdict == kFailed) return absl::FailedPreconditionError(*reply);
  return reply;
}

absl::StatusOr<std::string> TclClient::Exchange(const std::string& bytes, absl::Duration deadline) {
  TUNEFARM_RETURN_IF_ERROR(SendAll(socket_.get(), bytes, deadline));
  return ReceiveReply(socket_.get(), deadline);
}

}  // namespace tunefarm::mcu_agent
