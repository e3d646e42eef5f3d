#include "mcu_agent/emulated_board/gdb_client.h"

#include <algorithm>
#include <numeric>

#include "absl/strings/escaping.h"
#include "absl/strings/str_format.h"
#include "base/status.h"

namespace tunefarm::mcu_agent {
namespace {

constexpr absl::Duration kDeadline = absl::Seconds(20);
// QEMU's stub takes packets of 4096 bytes, two digits for each byte.
constexpr size_t kMostBytesInPacket = 1024;

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

bool IsStopReply(const std::string& packet) {
  return !packet.empty() && (packet[0] == 'T' || packet[0] == 'S');
}

}  // namespace

absl::Status GdbClient::Send(const std::string& packet) {
  const unsigned sum =
      std::accumulate(packet.begin(), packet.end(), 0u,
                      [](unsigned total, char c) { return total + static_cast<unsigned char>(c); });
  return socket_.Send(absl::StrFormat("$%s#%02x", packet, sum & 0xFF));
}

absl::StatusOr<std::string> GdbClient::ReceivePacket() {
  for (;;) {
    const size_t begin = received_.find('$');
    const size_t end = received_.find('#', begin == std::string::npos ? 0 : begin);
    if (begin != std::string::npos && end != std::string::npos && end + 2 < received_.size()) {
      std::string packet = received_.substr(begin + 1, end - begin - 1);
      received_.erase(0, end + 3);
      TUNEFARM_RETURN_IF_ERROR(socket_.Send("+"));
      return packet;
    }
    TUNEFARM_RETURN_IF_ERROR(base::Annotate(socket_.Receive(received_, kDeadline), "QEMU's gdb"));
  }
}

absl::StatusOr<std::string> GdbClient::Ask(const std::string& packet) {
  TUNEFARM_RETURN_IF_ERROR(Send(packet));
  return ReceivePacket();
}

absl::Status GdbClient::AskOk(const std::string& packet) {
  TUNEFARM_ASSIGN_OR_RETURN(const std::string answer, Ask(packet));
  if (answer == "OK") return absl::OkStatus();
  return absl::InternalError(
      absl::StrFormat("QEMU's gdb answers '%s' to '%s'", answer, packet.substr(0, 60)));
}

absl::Status GdbClient::Start() { return Ask("qXfer:features:read:target.xml:0,ffb").status(); }

absl::StatusOr<uint64_t> GdbClient::ReadRegister(int number) {
  TUNEFARM_ASSIGN_OR_RETURN(const std::string answer, Ask(absl::StrFormat("p%x", number)));
  uint64_t value = 0;
  if (answer.empty() || answer.size() % 2 != 0 || answer.size() > 16) {
    return absl::InternalError(absl::StrFormat("QEMU's gdb: register %d is '%s'", number, answer));
  }
  for (size_t i = 0; i < answer.size(); i += 2) {
    const int high = HexDigit(answer[i]);
    const int low = HexDigit(answer[i + 1]);
    if (high < 0 || low < 0) {
      return absl::InternalError(
          absl::StrFormat("QEMU's gdb: register %d is '%s'", number, answer));
    }
    value |= static_cast<uint64_t>(high * 16 + low) << (4 * i);
  }
  return value;
}

absl::Status GdbClient::WriteRegister(int number, uint64_t value, int num_bytes) {
  std::string hex;
  for (int i = 0; i < num_bytes; ++i) hex += absl::StrFormat("%02x", (value >> (8 * i)) & 0xFF);
  return AskOk(absl::StrFormat("P%x=%s", number, hex));
}

absl::Status GdbClient::WriteMemory(uint32_t address, std::span<const uint8_t> bytes) {
  for (size_t at = 0; at < bytes.size(); at += kMostBytesInPacket) {
    const auto part = bytes.subspan(at, std::min(kMostBytesInPacket, bytes.size() - at));
    const std::string text(part.begin(), part.end());
    TUNEFARM_RETURN_IF_ERROR(AskOk(
        absl::StrFormat("M%x,%x:%s", address + at, part.size(), absl::BytesToHexString(text))));
  }
  return absl::OkStatus();
}

absl::Status GdbClient::SetBreakpoint(uint32_t address) {
  return AskOk(absl::StrFormat("Z1,%x,2", address));
}

absl::Status GdbClient::ClearBreakpoint(uint32_t address) {
  return AskOk(absl::StrFormat("z1,%x,2", address));
}

absl::Status GdbClient::Continue() { return Send("c"); }

absl::Status GdbClient::Step() { return Ask("s").status(); }

absl::Status GdbClient::Interrupt() {
  TUNEFARM_RETURN_IF_ERROR(socket_.Send("\x03"));
  for (;;) {
    TUNEFARM_ASSIGN_OR_RETURN(const std::string packet, ReceivePacket());
    if (IsStopReply(packet)) return absl::OkStatus();
  }
}

absl::StatusOr<bool> GdbClient::PollStopped() {
  if (received_.find('$') == std::string::npos) {
    if (!socket_.Readable()) return false;
    TUNEFARM_RETURN_IF_ERROR(socket_.Receive(received_, kDeadline));
    if (received_.find('$') == std::string::npos) return false;
  }
  TUNEFARM_ASSIGN_OR_RETURN(const std::string packet, ReceivePacket());
  return IsStopReply(packet);
}

}  // namespace tunefarm::mcu_agent
