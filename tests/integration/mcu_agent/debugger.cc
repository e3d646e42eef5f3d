#include "tests/integration/mcu_agent/debugger.h"

#include <gtest/gtest.h>

#include <cstring>
#include <nlohmann/json.hpp>

#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"

namespace tunefarm::mcu_agent {
namespace {

constexpr absl::Duration kDeadline = absl::Seconds(60);
// OpenOCD's command line is a buffer of a few KB.
constexpr size_t kWordsPerWrite = 256;

}  // namespace

std::string MissingTools() {
  for (const char* tool : {"openocd", "qemu-system-arm"}) {
    const std::string find = absl::StrFormat("command -v %s", tool);
    if (testing::RunProgram("/bin/sh", {"-c", find}).code != 0) {
      return absl::StrFormat("%s is not installed", tool);
    }
  }
  return "";
}

BoardMap BuiltMap(const std::string& board) {
  const auto map = LoadBoardMap(std::string(TUNEFARM_BIN_DIR) + "/../boards", board);
  EXPECT_TRUE(map.ok()) << map.status();
  return map.value_or(BoardMap());
}

BoardProcess::BoardProcess(const std::string& machine, std::vector<std::string> more_args)
    : program_("tuner-emulated-board", [&] {
        more_args.insert(more_args.begin(), {"--machine", machine});
        return more_args;
      }()) {
  const nlohmann::json ready = nlohmann::json::parse(program_.ReadLine(), nullptr, false);
  EXPECT_TRUE(ready.is_object()) << program_.Errors();
  if (!ready.is_object()) return;
  stlink_port_ = ready.value("stlink_port", 0);
  jtag_port_ = ready.value("jtag_port", 0);
  control_port_ = ready.value("control_port", 0);
}

std::string BoardProcess::Command(const std::string& line) {
  const testing::Finished sent =
      testing::RunProgram("tuner-emulated-board", {"send", std::to_string(control_port_), line});
  return sent.out.empty() ? sent.err : sent.out.substr(0, sent.out.find('\n'));
}

Debugger::Debugger(const BoardMap& map, const std::string& probe) {
  OpenOcdSpec spec;
  spec.commands = {"set " + probe, absl::StrFormat("source {%s}", map.openocd_config)};
  spec.start_timeout = kDeadline;
  absl::StatusOr<std::unique_ptr<OpenOcdProcess>> openocd = OpenOcdProcess::Start(spec);
  EXPECT_TRUE(openocd.ok()) << openocd.status();
  if (openocd.ok()) openocd_ = *std::move(openocd);
}

std::string Debugger::Tcl(const std::string& command) {
  if (openocd_ == nullptr) return "";
  const absl::StatusOr<std::string> answer = openocd_->tcl().Call(command, kDeadline);
  if (answer.ok()) return *answer;
  EXPECT_TRUE(absl::IsFailedPrecondition(answer.status())) << command << ": " << answer.status();
  return std::string(answer.status().message());
}

std::vector<uint32_t> Debugger::Read(uint32_t address, size_t num_words) {
  const std::string answer = Tcl(absl::StrFormat("read_memory 0x%08x 32 %d", address, num_words));
  std::vector<uint32_t> words;
  for (const auto& text : absl::StrSplit(answer, ' ', absl::SkipEmpty())) {
    uint32_t word = 0;
    EXPECT_TRUE(absl::SimpleHexAtoi(text, &word)) << answer;
    words.push_back(word);
  }
  EXPECT_EQ(words.size(), num_words) << answer;
  words.resize(num_words);
  return words;
}

void Debugger::Write(uint32_t address, const std::vector<uint32_t>& words) {
  for (size_t at = 0; at < words.size(); at += kWordsPerWrite) {
    std::string list;
    for (size_t i = at; i < words.size() && i < at + kWordsPerWrite; ++i) {
      list += absl::StrFormat(" 0x%x", words[i]);
    }
    const auto where = address + static_cast<uint32_t>(4 * at);
    EXPECT_EQ(Tcl(absl::StrFormat("write_memory 0x%08x 32 {%s}", where, list)), "");
  }
}

std::vector<uint8_t> Debugger::ReadBytes(uint32_t address, size_t num_bytes) {
  const std::vector<uint32_t> words = Read(address, (num_bytes + 3) / 4);
  std::vector<uint8_t> bytes(num_bytes);
  std::memcpy(bytes.data(), words.data(), num_bytes);
  return bytes;
}

void Debugger::WriteBytes(uint32_t address, const void* bytes, size_t num_bytes) {
  std::vector<uint32_t> words((num_bytes + 3) / 4);
  std::memcpy(words.data(), bytes, num_bytes);
  Write(address, words);
}

}  // namespace tunefarm::mcu_agent
