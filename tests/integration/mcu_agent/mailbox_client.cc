#include "tests/integration/mcu_agent/mailbox_client.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstring>

#include "absl/strings/str_format.h"
#include "absl/time/clock.h"

namespace tunefarm::mcu_agent {
namespace {

constexpr uint32_t kStackBytes = 4096;
constexpr uint32_t kAlignment = 64;
constexpr uint32_t kThumb = 1;
constexpr absl::Duration kDeadline = absl::Seconds(60);

uint32_t AlignUp(uint32_t address) { return (address + kAlignment - 1) / kAlignment * kAlignment; }

template <typename T>
T ReadAs(Debugger* debugger, uint32_t address) {
  const std::vector<uint8_t> bytes = debugger->ReadBytes(address, sizeof(T));
  T value;
  std::memcpy(&value, bytes.data(), sizeof(T));
  return value;
}

}  // namespace

bool MailboxClient::Boot() {
  next_code_ = AlignUp(FindRegion(map_, map_.code_order[0])->range.base);
  next_data_ = AlignUp(FindRegion(map_, map_.data_order[0])->range.base);
  // One region may be for both: code grows from its first quarter on.
  if (map_.code_order[0] == map_.data_order[0]) next_code_ += 0x8000;
  stack_ = Allocate(kStackBytes);
  doorbell_ = 0;
  debugger_->Tcl("reset halt");
  debugger_->Write(map_.mailbox, {0});
  debugger_->Tcl("load_image " + map_.firmware_elf);
  const std::vector<uint32_t> vectors = debugger_->Read(map_.firmware.base, 2);
  debugger_->Tcl(absl::StrFormat("reg sp 0x%x", vectors[0]));
  debugger_->Tcl(absl::StrFormat("reg pc 0x%x", vectors[1]));
  debugger_->Tcl("reg xPSR 0x01000000");
  debugger_->Tcl("resume");
  const absl::Time deadline = absl::Now() + kDeadline;
  while (absl::Now() < deadline && !::testing::Test::HasFailure()) {
    if (debugger_->Read(map_.mailbox, 1)[0] == TUNEFARM_MAILBOX_MAGIC) return true;
  }
  return false;
}

tunefarm_mailbox MailboxClient::Whole() {
  return ReadAs<tunefarm_mailbox>(debugger_, map_.mailbox);
}

uint32_t MailboxClient::Place(const ThumbCode& code) {
  const uint32_t address = next_code_;
  debugger_->WriteBytes(address, code.data(), code.size() * sizeof(code[0]));
  next_code_ = AlignUp(next_code_ + static_cast<uint32_t>(code.size() * sizeof(code[0])));
  return address | kThumb;
}

uint32_t MailboxClient::Allocate(uint32_t num_bytes) {
  const uint32_t address = next_data_;
  next_data_ = AlignUp(next_data_ + num_bytes);
  return address;
}

uint32_t MailboxClient::Pointers(const std::vector<uint32_t>& addresses) {
  const uint32_t table = Allocate(static_cast<uint32_t>(4 * addresses.size()));
  debugger_->Write(table, addresses);
  return table;
}

tunefarm_control MailboxClient::DefaultControl() {
  return {0, TUNEFARM_MCU_RUN, 0, stack_, kStackBytes, 0, 0, 0};
}

tunefarm_progress MailboxClient::Run(const std::vector<tunefarm_task>& tasks) {
  return Run(tasks, DefaultControl());
}

tunefarm_progress MailboxClient::Run(const std::vector<tunefarm_task>& tasks,
                                     tunefarm_control control) {
  if (!tasks.empty()) {
    debugger_->WriteBytes(map_.mailbox + offsetof(tunefarm_mailbox, tasks), tasks.data(),
                          tasks.size() * sizeof(tasks[0]));
  }
  const uint32_t at = map_.mailbox + offsetof(tunefarm_mailbox, control);
  if (control.num_tasks == 0) control.num_tasks = static_cast<uint32_t>(tasks.size());
  debugger_->WriteBytes(at + 4, &control.command, sizeof(control) - 4);
  debugger_->Write(at, {++doorbell_});
  const absl::Time deadline = absl::Now() + kDeadline;
  for (;;) {
    const auto progress =
        ReadAs<tunefarm_progress>(debugger_, map_.mailbox + offsetof(tunefarm_mailbox, progress));
    const bool idle = progress.acknowledged == doorbell_ && progress.state == TUNEFARM_MCU_IDLE;
    if (idle || progress.state == TUNEFARM_MCU_BROKEN || ::testing::Test::HasFailure()) {
      return progress;
    }
    if (absl::Now() > deadline) {
      ADD_FAILURE() << "the queue hangs in task " << progress.task;
      return progress;
    }
  }
}

tunefarm_result MailboxClient::Result(size_t task) {
  return ReadAs<tunefarm_result>(
      debugger_, map_.mailbox + static_cast<uint32_t>(offsetof(tunefarm_mailbox, results) +
                                                      task * sizeof(tunefarm_result)));
}

uint32_t Crc32(const std::vector<uint8_t>& bytes) {
  uint32_t crc = 0xFFFFFFFF;
  for (const uint8_t byte : bytes) {
    crc ^= byte;
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ ((crc & 1) != 0 ? 0xEDB88320 : 0);
  }
  return ~crc;
}

}  // namespace tunefarm::mcu_agent
