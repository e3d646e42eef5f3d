#include "mcu_agent/bridge/openocd_link.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string_view>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "base/status.h"
#include "base/unique_fd.h"

namespace tunefarm::mcu_agent {
namespace {

constexpr uint32_t kWordBytes = 4;
// OpenOCD's read_memory refuses more than 65536 elements; a reply stays below a megabyte.
constexpr uint32_t kMostWordsInReply = 65536;
// Above this a file is faster than digits in a command.
constexpr size_t kMostBytesInCommand = 512;

absl::Status CheckWords(const char* what, uint32_t address, size_t num_bytes) {
  if (address % kWordBytes == 0 && num_bytes % kWordBytes == 0) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrFormat("%s %u bytes at %#x: memory moves in whole words", what, num_bytes, address));
}

// A file in memory that another process of this user can open by its path while it is held.
absl::StatusOr<base::UniqueFd> MemoryFile(std::string_view bytes) {
  base::UniqueFd file(memfd_create("tunefarm-load", MFD_CLOEXEC));
  if (!file.valid()) {
    return absl::ResourceExhaustedError(absl::StrFormat("memfd_create: %s", strerror(errno)));
  }
  while (!bytes.empty()) {
    const ssize_t written = write(file.get(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) {
      return absl::ResourceExhaustedError(
          absl::StrFormat("write to a memory file: %s", strerror(errno)));
    }
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return file;
}

std::string PathOf(const base::UniqueFd& file) {
  return absl::StrFormat("/proc/%d/fd/%d", getpid(), file.get());
}

// "0x20 0x1 ..." as bytes, little-endian.
absl::StatusOr<std::string> ParseWords(const std::string& text, uint32_t num_words) {
  std::string bytes;
  bytes.reserve(num_words * kWordBytes);
  const std::vector<std::string> items = absl::StrSplit(text, ' ', absl::SkipEmpty());
  for (const std::string& item : items) {
    uint32_t word = 0;
    if (!absl::SimpleHexAtoi(item, &word)) {
      return absl::UnavailableError(absl::StrFormat("OpenOCD read \"%s\", not a word", item));
    }
    bytes.append(reinterpret_cast<const char*>(&word), sizeof(word));
  }
  if (bytes.size() != size_t{num_words} * kWordBytes) {
    return absl::UnavailableError(
        absl::StrFormat("OpenOCD read %u bytes, want %u words", bytes.size(), num_words));
  }
  return bytes;
}

}  // namespace

absl::StatusOr<std::string> OpenOcdLink::Call(const std::string& command, uint64_t num_bytes,
                                              uint32_t bytes_per_second) {
  const size_t log_size = openocd_->LogSize();
  const absl::Duration timeout =
      command_timeout_ + absl::Seconds(1) * static_cast<double>(num_bytes) / bytes_per_second;
  absl::StatusOr<std::string> result = openocd_->tcl().Call(command, timeout);
  if (result.ok() || !absl::IsFailedPrecondition(result.status())) return result;
  // What went wrong on the wire is in OpenOCD's log and seldom in the command's result.
  std::string why = openocd_->ErrorSince(log_size);
  if (why.empty()) why = std::string(result.status().message());
  return absl::FailedPreconditionError(
      absl::StrFormat("OpenOCD \"%s\": %s", command.substr(0, command.find(" {")), why));
}

absl::Status OpenOcdLink::ResetAndHalt() { return Call("reset halt").status(); }
absl::Status OpenOcdLink::Halt() { return Call("halt 1000").status(); }
absl::Status OpenOcdLink::Resume() { return Call("resume").status(); }

absl::StatusOr<uint32_t> OpenOcdLink::ReadRegister(const std::string& name) {
  TUNEFARM_ASSIGN_OR_RETURN(const std::string reply, Call(absl::StrFormat("get_reg {%s}", name)));
  const std::string value = reply.substr(reply.rfind(' ') + 1);
  uint32_t word = 0;
  if (!absl::SimpleHexAtoi(value, &word)) {
    return absl::UnavailableError(absl::StrFormat("register %s: OpenOCD says \"%s\"", name, reply));
  }
  return word;
}

absl::Status OpenOcdLink::WriteRegister(const std::string& name, uint32_t value) {
  return Call(absl::StrFormat("set_reg {%s %#x}", name, value)).status();
}

absl::Status OpenOcdLink::LoadElf(const std::string& path) {
  std::error_code error;
  const uint64_t size = std::filesystem::file_size(path, error);
  if (error) {
    return absl::FailedPreconditionError(absl::StrFormat("%s: %s", path, error.message()));
  }
  TUNEFARM_RETURN_IF_ERROR(Call(absl::StrFormat("load_image {%s}", path), size).status());
  return Call(absl::StrFormat("verify_image {%s}", path), size).status();
}

absl::Status OpenOcdLink::EraseFlash(uint32_t address, uint32_t num_bytes) {
  return Call(absl::StrFormat("flash erase_address %#x %#x", address, num_bytes), num_bytes,
              kSlowestErasedBytesPerSecond)
      .status();
}

absl::Status OpenOcdLink::ProgramFlash(uint32_t address, std::string_view bytes) {
  TUNEFARM_RETURN_IF_ERROR(CheckWords("program", address, bytes.size()));
  TUNEFARM_ASSIGN_OR_RETURN(const base::UniqueFd file, MemoryFile(bytes));
  return Call(absl::StrFormat("flash write_image %s %#x bin", PathOf(file), address), bytes.size(),
              kSlowestProgrammedBytesPerSecond)
      .status();
}

absl::StatusOr<std::string> OpenOcdLink::Read(uint32_t address, uint32_t num_bytes) {
  TUNEFARM_RETURN_IF_ERROR(CheckWords("read", address, num_bytes));
  if (num_bytes == 0) return std::string();
  std::string bytes;
  bytes.reserve(num_bytes);
  while (bytes.size() < num_bytes) {
    const auto done = static_cast<uint32_t>(bytes.size());
    const uint32_t num_words = std::min((num_bytes - done) / kWordBytes, kMostWordsInReply);
    TUNEFARM_ASSIGN_OR_RETURN(
        const std::string words,
        Call(absl::StrFormat("read_memory %#x 32 %u", address + done, num_words),
             num_words * kWordBytes));
    TUNEFARM_ASSIGN_OR_RETURN(const std::string part, ParseWords(words, num_words));
    bytes += part;
  }
  return bytes;
}

absl::Status OpenOcdLink::Write(uint32_t address, std::string_view bytes) {
  TUNEFARM_RETURN_IF_ERROR(CheckWords("write", address, bytes.size()));
  if (bytes.empty()) return absl::OkStatus();
  if (bytes.size() > kMostBytesInCommand) {
    TUNEFARM_ASSIGN_OR_RETURN(const base::UniqueFd file, MemoryFile(bytes));
    return Call(absl::StrFormat("load_image %s %#x bin", PathOf(file), address), bytes.size())
        .status();
  }
  std::string command = absl::StrFormat("write_memory %#x 32 {", address);
  for (size_t i = 0; i < bytes.size(); i += kWordBytes) {
    uint32_t word;
    std::memcpy(&word, bytes.data() + i, sizeof(word));
    command += absl::StrFormat("%#x ", word);
  }
  return Call(command + "}", bytes.size()).status();
}

}  // namespace tunefarm::mcu_agent
