// A board without an OS in a test's memory: its RAM, a firmware that obeys docs/mcu-mailbox.md, and
// the debug link to it. It can be told to fail in every way a real one does.
#ifndef TUNEFARM_TESTS_SUPPORT_FAKE_BOARD_H_
#define TUNEFARM_TESTS_SUPPORT_FAKE_BOARD_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "base/clock.h"
#include "mcu_agent/boards/board_map.h"
#include "mcu_agent/bridge/board_control.h"
#include "mcu_agent/bridge/debug_link.h"
#include "mcu_agent/bridge/pace.h"
#include "proto/mcu_mailbox.h"

namespace tunefarm::testing {

// Time that passes only when somebody waits.
class WaitingClock final : public base::Clock {
 public:
  absl::Time Now() const override { return absl::UnixEpoch() + now_; }
  absl::Duration SteadyNow() const override { return now_; }
  mcu_agent::Pace pace() {
    return {this, [this](absl::Duration time) { now_ += time; }};
  }

 private:
  absl::Duration now_ = absl::Seconds(1);
};

// What the kernel at an entry does: the first byte of its image.
enum class FakeKernel : char {
  kRight = 'R',  // Writes the expected output; takes 1000 ticks and the image's second byte.
  kWrong = 'W',  // Writes another output.
  kFault = 'F',  // Faults.
  kStuck = 'S',  // The firmware never gets to the next task.
  kKillsFirmware = 'B',
  kSpoilsInput = 'I',  // Right, but overwrites the first word of its first buffer.
  kNearly = 'N',       // Floats: every element a little more than expected.
  kLoops = 'L',        // Uses up its budget.
};

class FakeBoard final : public mcu_agent::DebugLink {
 public:
  explicit FakeBoard(const mcu_agent::BoardMap& map) : map_(map) {}

  // The output of a right kernel.
  void SetExpected(std::string output) { expected_ = std::move(output); }

  // ---- trouble, from now on until it is taken away
  bool link_is_dead = false;                // Every command fails, until Reconnect.
  bool core_is_dead = false;                // Resets do not bring the firmware up, until Power.
  bool firmware_is_lost = false;            // RAM was lost: only LoadElf brings the firmware back.
  bool breaks_for_good_when_stuck = false;  // As core_is_dead, and no power helps.
  bool flash_is_protected = false;          // No sector is erased.
  bool flash_is_worn = false;               // Programming leaves a bit as it was.
  uint32_t chip_id = 0xC270;                // Of the core.
  uint32_t vendor_chip_id = 0x413;          // Where the map has an address for it.
  uint32_t mailbox_version = TUNEFARM_MAILBOX_VERSION;
  // ---- trouble that comes once, after so many more calls of kernels
  int dies_after_calls = -1;     // The link.
  int corrupts_in_writes = -1;   // A bit of that write above 16 bytes flips, to RAM or to flash.
  int dies_in_programming = -1;  // The link, when half of that write to flash is done.
  int spoils_after_calls = -1;   // A bit of the first tensor flips.

  // Called when flash was erased or programmed.
  std::function<void()> on_flash;

  void Reconnect() { link_is_dead = false; }
  void Power();

  // How often kernels were called in all, and memory was filled.
  int num_calls = 0;
  std::vector<uint32_t> entries;  // Addresses of those calls.
  int num_fills = 0;
  int num_loads = 0;     // Of the firmware.
  int num_erasures = 0;  // Of flash, tried or done.
  uint64_t num_programmed_bytes = 0;

  absl::Status ResetAndHalt() override;
  absl::Status Halt() override { return Answer(); }
  absl::Status Resume() override;
  absl::StatusOr<uint32_t> ReadRegister(const std::string& name) override;
  absl::Status WriteRegister(const std::string& name, uint32_t value) override;
  absl::Status LoadElf(const std::string& path) override;
  absl::Status EraseFlash(uint32_t address, uint32_t num_bytes) override;
  absl::Status ProgramFlash(uint32_t address, std::string_view bytes) override;
  absl::StatusOr<std::string> Read(uint32_t address, uint32_t num_bytes) override;
  absl::Status Write(uint32_t address, std::string_view bytes) override;

 private:
  absl::Status Answer() const;
  char& Byte(uint32_t address) { return memory_[address]; }
  // RAM: a power cycle takes it, and a flash loader uses it.
  void LoseRam();
  void Store(uint32_t address, std::string_view bytes);
  std::string Load(uint32_t address, uint32_t num_bytes);
  uint32_t LoadWord(uint32_t address);
  tunefarm_mailbox LoadMailbox();
  void StoreMailbox(const tunefarm_mailbox& mailbox);
  void RunQueue(tunefarm_mailbox* mailbox);
  // False when the firmware does not get to the next task.
  bool RunTask(const tunefarm_task& task, uint32_t cut_ticks, tunefarm_result* result);
  bool Call(const tunefarm_call& call, uint32_t cut_ticks, tunefarm_result* result);
  void Fill(const tunefarm_fill_task& fill);

  const mcu_agent::BoardMap map_;
  std::map<uint32_t, char> memory_;
  std::string expected_;
  std::map<std::string, uint32_t> registers_;
  bool firmware_loaded_ = false;
  bool running_ = false;  // The firmware, and it is not stuck.
};

// Cures a FakeBoard as OpenOcdBoard cures a real one, and counts.
class FakeControl final : public mcu_agent::BoardControl {
 public:
  FakeControl(const mcu_agent::BoardMap* map, FakeBoard* board, const mcu_agent::Pace* pace)
      : map_(*map), board_(*board), pace_(*pace) {}

  std::vector<mcu_agent::Rung> cures;  // In order.
  bool probe_is_gone = false;          // No cure connects.

  absl::Status Cure(mcu_agent::Rung rung) override;
  mcu_agent::BoardSession& session() override { return *session_; }

 private:
  const mcu_agent::BoardMap& map_;
  FakeBoard& board_;
  const mcu_agent::Pace& pace_;
  std::unique_ptr<mcu_agent::BoardSession> session_;
};

}  // namespace tunefarm::testing

#endif  // TUNEFARM_TESTS_SUPPORT_FAKE_BOARD_H_
