// A core that executes nothing: 64 KB of memory at 0x20000000, registers, and a note of what it was
// told.
#ifndef TUNEFARM_TESTS_UNIT_MCU_AGENT_EMULATED_BOARD_FAKE_CORE_LINK_H_
#define TUNEFARM_TESTS_UNIT_MCU_AGENT_EMULATED_BOARD_FAKE_CORE_LINK_H_

#include <algorithm>
#include <cstring>
#include <map>
#include <set>
#include <vector>

#include "mcu_agent/emulated_board/core_link.h"

namespace tunefarm::mcu_agent {

inline constexpr uint32_t kFakeRam = 0x20000000;
inline constexpr uint32_t kFakeRamBytes = 0x10000;

class FakeCoreLink : public CoreLink {
 public:
  absl::Status Read(uint32_t address, std::span<uint8_t> bytes) override {
    if (dead) return absl::UnavailableError("dead");
    if (!Inside(address, bytes.size())) return absl::OutOfRangeError("no memory");
    std::memcpy(bytes.data(), memory.data() + (address - kFakeRam), bytes.size());
    return absl::OkStatus();
  }
  absl::Status Write(uint32_t address, std::span<const uint8_t> bytes) override {
    if (dead) return absl::UnavailableError("dead");
    if (!Inside(address, bytes.size())) return absl::OutOfRangeError("no memory");
    std::memcpy(memory.data() + (address - kFakeRam), bytes.data(), bytes.size());
    ++writes;
    return absl::OkStatus();
  }
  absl::Status WriteRom(uint32_t address, std::span<const uint8_t> bytes) override {
    for (const uint8_t byte : bytes) rom[address++] = byte;
    return running ? absl::InternalError("the core runs") : absl::OkStatus();
  }
  absl::StatusOr<uint64_t> ReadRegister(int number) override { return registers[number]; }
  absl::Status WriteRegister(int number, uint64_t value) override {
    registers[number] = value;
    return absl::OkStatus();
  }
  absl::Status Resume() override {
    running = true;
    return dead ? absl::UnavailableError("dead") : absl::OkStatus();
  }
  absl::Status Halt() override {
    running = false;
    return absl::OkStatus();
  }
  absl::Status Step() override {
    ++steps;
    return absl::OkStatus();
  }
  absl::Status Reset() override {
    ++resets;
    return absl::OkStatus();
  }
  absl::Status SetBreakpoint(uint32_t address) override {
    running = false;  // As QEMU: whatever its gdb port is sent stops the core.
    breakpoints.insert(address);
    return absl::OkStatus();
  }
  absl::Status ClearBreakpoint(uint32_t address) override {
    running = false;
    breakpoints.erase(address);
    return absl::OkStatus();
  }
  absl::StatusOr<bool> PollStopped() override {
    if (dead) return absl::UnavailableError("dead");
    const bool stopped = stops;
    stops = false;
    if (stopped) running = false;
    return stopped;
  }
  void PowerOff() override { running = false; }
  absl::Status PowerOn() override {
    ++power_ons;
    dead = false;
    std::fill(memory.begin(), memory.end(), 0);
    rom.clear();
    return absl::OkStatus();
  }

  uint32_t Word(uint32_t address) const {
    uint32_t word = 0;
    std::memcpy(&word, memory.data() + (address - kFakeRam), 4);
    return word;
  }
  void SetWord(uint32_t address, uint32_t word) {
    std::memcpy(memory.data() + (address - kFakeRam), &word, 4);
  }

  std::vector<uint8_t> memory = std::vector<uint8_t>(kFakeRamBytes);
  std::map<uint32_t, uint8_t> rom;
  std::map<int, uint64_t> registers;
  std::set<uint32_t> breakpoints;
  bool running = false;
  bool stops = false;  // It runs into a breakpoint.
  bool dead = false;   // It locked up and is gone.
  int steps = 0, resets = 0, power_ons = 0, writes = 0;

 private:
  static bool Inside(uint32_t address, size_t bytes) {
    return address >= kFakeRam && address - kFakeRam + bytes <= kFakeRamBytes;
  }
};

}  // namespace tunefarm::mcu_agent

#endif  // TUNEFARM_TESTS_UNIT_MCU_AGENT_EMULATED_BOARD_FAKE_CORE_LINK_H_
