#include "tuner/measure/frame.h"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "absl/strings/str_format.h"

namespace tunefarm::tuner {
namespace {

constexpr size_t kLengthBytes = 4;

void AppendLength(uint32_t length, std::string* bytes) {
  for (size_t i = 0; i < kLengthBytes; ++i) {
    bytes->push_back(static_cast<char>((length >> (8 * i)) & 0xFF));
  }
}

uint32_t LengthAt(const std::string& bytes, size_t position) {
  uint32_t length = 0;
  for (size_t i = 0; i < kLengthBytes; ++i) {
    length |= static_cast<uint32_t>(static_cast<uint8_t>(bytes[position + i])) << (8 * i);
  }
  return length;
}

}  // namespace

absl::Status WriteFrame(int socket, const google::protobuf::MessageLite& message) {
  const size_t length = message.ByteSizeLong();
  if (length > kMaxFrameBytes) {
    return absl::InvalidArgumentError(
        absl::StrFormat("message of %d bytes exceeds the bound of %d", length, kMaxFrameBytes));
  }
  std::string bytes;
  bytes.reserve(kLengthBytes + length);
  AppendLength(static_cast<uint32_t>(length), &bytes);
  message.AppendToString(&bytes);
  for (size_t sent = 0; sent < bytes.size();) {
    const ssize_t n = send(socket, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return absl::UnavailableError(absl::StrFormat("send: %s", strerror(errno)));
    sent += static_cast<size_t>(n);
  }
  return absl::OkStatus();
}

absl::Status FrameReader::Read(int socket, int flags) {
  std::array<char, 65536> chunk;
  ssize_t n = 0;
  do {
    n = recv(socket, chunk.data(), chunk.size(), flags);
  } while (n < 0 && errno == EINTR);
  if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return absl::OkStatus();
  if (n < 0) return absl::UnavailableError(absl::StrFormat("recv: %s", strerror(errno)));
  if (n == 0) return absl::UnavailableError("end of stream");
  bytes_.append(chunk.data(), static_cast<size_t>(n));
  return absl::OkStatus();
}

absl::Status FrameReader::ReadAvailable(int socket) { return Read(socket, MSG_DONTWAIT); }

absl::Status FrameReader::ReadSome(int socket) { return Read(socket, 0); }

absl::StatusOr<bool> FrameReader::Next(google::protobuf::MessageLite* message) {
  if (bytes_.size() - consumed_ < kLengthBytes) return false;
  const uint32_t length = LengthAt(bytes_, consumed_);
  if (length > kMaxFrameBytes) {
    return absl::DataLossError(
        absl::StrFormat("frame of %d bytes exceeds the bound of %d", length, kMaxFrameBytes));
  }
  if (bytes_.size() - consumed_ - kLengthBytes < length) return false;
  const bool parsed =
      message->ParseFromArray(bytes_.data() + consumed_ + kLengthBytes, static_cast<int>(length));
  consumed_ += kLengthBytes + length;
  if (consumed_ == bytes_.size()) {
    bytes_.clear();
    consumed_ = 0;
  }
  if (!parsed) return absl::DataLossError("frame does not hold the expected message");
  return true;
}

}  // namespace tunefarm::tuner
