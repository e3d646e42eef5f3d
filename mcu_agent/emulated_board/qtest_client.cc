#include "mcu_agent/emulated_board/qtest_client.h"

#include <algorithm>
#include <cstring>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"
#include "base/status.h"

namespace tunefarm::mcu_agent {
namespace {

constexpr absl::Duration kDeadline = absl::Seconds(20);

}  // namespace

absl::StatusOr<std::string> QtestClient::Ask(const std::string& line) {
  TUNEFARM_RETURN_IF_ERROR(socket_.Send(line + "\n"));
  size_t end = 0;
  while ((end = received_.find('\n')) == std::string::npos) {
    TUNEFARM_RETURN_IF_ERROR(base::Annotate(socket_.Receive(received_, kDeadline), "QEMU's qtest"));
  }
  std::string answer = received_.substr(0, end);
  received_.erase(0, end + 1);
  if (answer.compare(0, 2, "OK") != 0) {
    return absl::InternalError(
        absl::StrFormat("QEMU's qtest answers '%s' to '%s'", answer, line.substr(0, 60)));
  }
  return answer.size() > 3 ? answer.substr(3) : std::string();
}

absl::Status QtestClient::Read(uint32_t address, std::span<uint8_t> bytes) {
  TUNEFARM_ASSIGN_OR_RETURN(const std::string answer,
                            Ask(absl::StrFormat("b64read 0x%x 0x%x", address, bytes.size())));
  std::string data;
  if (!absl::Base64Unescape(answer, &data) || data.size() != bytes.size()) {
    return absl::InternalError(absl::StrFormat("QEMU's qtest: %d bytes at 0x%08x came as %d",
                                               bytes.size(), address, data.size()));
  }
  std::copy(data.begin(), data.end(), bytes.begin());
  return absl::OkStatus();
}

absl::Status QtestClient::Write(uint32_t address, std::span<const uint8_t> bytes) {
  const std::string data(bytes.begin(), bytes.end());
  return Ask(absl::StrFormat("b64write 0x%x 0x%x %s", address, bytes.size(),
                             absl::Base64Escape(data)))
      .status();
}

absl::StatusOr<uint32_t> QtestClient::ReadWord(uint32_t address) {
  TUNEFARM_ASSIGN_OR_RETURN(const std::string answer, Ask(absl::StrFormat("readl 0x%x", address)));
  uint64_t value = 0;
  if (!absl::SimpleHexAtoi(answer, &value)) {
    return absl::InternalError(
        absl::StrFormat("QEMU's qtest: the word at 0x%08x is '%s'", address, answer));
  }
  return static_cast<uint32_t>(value);
}

absl::Status QtestClient::WriteWord(uint32_t address, uint32_t value) {
  return Ask(absl::StrFormat("writel 0x%x 0x%x", address, value)).status();
}

}  // namespace tunefarm::mcu_agent
