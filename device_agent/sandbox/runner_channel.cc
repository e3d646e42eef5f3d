#include "device_agent/sandbox/runner_channel.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <cstring>

#include "absl/strings/str_format.h"
#include "device_agent/sandbox/errno_status.h"

namespace tunefarm::device_agent {
namespace {

constexpr size_t kMaxBytes = 96 << 10;
constexpr size_t kMaxFiles = 200;  // The system's own bound is 253.

// One byte before the payload: an empty message would read like the end of the stream.
constexpr char kMarker = 'T';

}  // namespace

absl::StatusOr<std::pair<base::UniqueFd, base::UniqueFd>> MakeChannel() {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
    return ErrnoStatus("socketpair");
  }
  return std::make_pair(base::UniqueFd(ends[0]), base::UniqueFd(ends[1]));
}

absl::Status SendMessage(int socket, const std::string& bytes, const std::vector<int>& files) {
  if (bytes.size() > kMaxBytes || files.size() > kMaxFiles) {
    return absl::InvalidArgumentError(
        absl::StrFormat("request of %u bytes and %u files to the runner exceeds %u and %u",
                        bytes.size(), files.size(), kMaxBytes, kMaxFiles));
  }
  char marker = kMarker;
  iovec parts[2] = {{&marker, 1}, {const_cast<char*>(bytes.data()), bytes.size()}};
  alignas(cmsghdr) char control[CMSG_SPACE(kMaxFiles * sizeof(int))] = {};
  msghdr message = {};
  message.msg_iov = parts;
  message.msg_iovlen = 2;
  if (!files.empty()) {
    message.msg_control = control;
    message.msg_controllen = CMSG_SPACE(files.size() * sizeof(int));
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(files.size() * sizeof(int));
    std::memcpy(CMSG_DATA(header), files.data(), files.size() * sizeof(int));
  }
  ssize_t sent;
  do {
    sent = sendmsg(socket, &message, MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  if (sent >= 0) return absl::OkStatus();
  if (errno == EPIPE || errno == ECONNRESET) return absl::UnavailableError("the runner is gone");
  return ErrnoStatus("sendmsg to the runner");
}

absl::StatusOr<ChannelMessage> ReceiveMessage(int socket) {
  std::string buffer(kMaxBytes + 1, '\0');
  alignas(cmsghdr) char control[CMSG_SPACE(kMaxFiles * sizeof(int))];
  iovec part = {buffer.data(), buffer.size()};
  msghdr message = {};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof(control);
  ssize_t received;
  do {
    received = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
  } while (received < 0 && errno == EINTR);
  if (received < 0 && errno != ECONNRESET) return ErrnoStatus("recvmsg");

  ChannelMessage result;
  for (cmsghdr* header = received < 0 ? nullptr : CMSG_FIRSTHDR(&message); header != nullptr;
       header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    const size_t num_files = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < num_files; ++i) {
      int file;
      std::memcpy(&file, CMSG_DATA(header) + i * sizeof(int), sizeof(file));
      result.files.emplace_back(file);
    }
  }
  if (received <= 0) return absl::UnavailableError("the other side of the channel is gone");
  if ((message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0 || buffer[0] != kMarker) {
    return absl::InternalError("a message on the channel is malformed");
  }
  result.bytes = buffer.substr(1, static_cast<size_t>(received) - 1);
  return result;
}

}  // namespace tunefarm::device_agent
