// The flash of an STM32F405/407 as a debugger sees it: QEMU's machine has the memory and not its
// controller.
//
// Stands between the debug model (core_model.h) and the emulator (qemu_machine.h): a CoreLink that
// answers for the controller's registers, the chip's identity and the cells, and passes everything
// else on. RM0090, sections 3.5 to 3.9. Modelled: the key, sector erase, programming by 8, 16 or 32
// bits with the errors of its order and width, cells that programming only clears, content that
// outlives the power. Not modelled: time (BSY is never seen), mass erase, write protection, option
// bytes, the controller as the core itself sees it.
#ifndef TUNEFARM_MCU_AGENT_EMULATED_BOARD_STM32F4_FLASH_H_
#define TUNEFARM_MCU_AGENT_EMULATED_BOARD_STM32F4_FLASH_H_

#include <cstdint>
#include <set>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "mcu_agent/emulated_board/core_link.h"

namespace tunefarm::mcu_agent {

// One thread.
class Stm32f4Flash : public CoreLink {
 public:
  // `core` is borrowed; its flash is written by WriteRom.
  explicit Stm32f4Flash(CoreLink* core);

  absl::Status Read(uint32_t address, std::span<uint8_t> bytes) override;
  absl::Status Write(uint32_t address, std::span<const uint8_t> bytes) override;
  absl::Status WriteRom(uint32_t address, std::span<const uint8_t> bytes) override {
    return core_->WriteRom(address, bytes);
  }
  absl::StatusOr<uint64_t> ReadRegister(int number) override { return core_->ReadRegister(number); }
  absl::Status WriteRegister(int number, uint64_t value) override {
    return core_->WriteRegister(number, value);
  }
  // Before the core goes on it is given what was programmed meanwhile.
  absl::Status Resume() override;
  absl::Status Halt() override { return core_->Halt(); }
  absl::Status Step() override;
  absl::Status Reset() override;
  absl::Status SetBreakpoint(uint32_t address) override { return core_->SetBreakpoint(address); }
  absl::Status ClearBreakpoint(uint32_t address) override {
    return core_->ClearBreakpoint(address);
  }
  absl::StatusOr<bool> PollStopped() override { return core_->PollStopped(); }
  void PowerOff() override { core_->PowerOff(); }
  absl::Status PowerOn() override;

 private:
  uint32_t ReadController(uint32_t offset) const;
  void WriteController(uint32_t offset, uint32_t value);
  void Unlock(uint32_t key);
  void EraseSector(uint32_t number);
  void Program(uint32_t offset, std::span<const uint8_t> bytes);
  absl::Status HandOver();
  void ResetController();

  CoreLink* const core_;
  std::vector<uint8_t> cells_;
  std::set<uint32_t> used_sectors_;   // Erased or programmed since this board was made.
  std::set<uint32_t> stale_sectors_;  // The emulator's copy of them is old.
  uint32_t status_ = 0;
  uint32_t control_ = 0;
  int keys_taken_ = 0;
  bool locked_until_reset_ = false;
};

}  // namespace tunefarm::mcu_agent

#endif  // TUNEFARM_MCU_AGENT_EMULATED_BOARD_STM32F4_FLASH_H_
