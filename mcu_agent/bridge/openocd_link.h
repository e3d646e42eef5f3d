// A DebugLink over an OpenOCD: words of the debugger as Tcl commands.
//
// Stands on openocd_process.h. Small writes travel in the command (`write_memory`), large ones as a
// file in memory that OpenOCD loads (`load_image`); both go out in 32-bit words. Flash is left to
// OpenOCD's driver of the chip (`flash erase_address`, `flash write_image`).
#ifndef TUNEFARM_MCU_AGENT_BRIDGE_OPENOCD_LINK_H_
#define TUNEFARM_MCU_AGENT_BRIDGE_OPENOCD_LINK_H_

#include <memory>
#include <string>
#include <utility>

#include "absl/time/time.h"
#include "mcu_agent/bridge/debug_link.h"
#include "mcu_agent/bridge/openocd_process.h"

namespace tunefarm::mcu_agent {

// One thread at a time.
class OpenOcdLink : public DebugLink {
 public:
  // Of one command; moving memory adds the time that the slowest usable link takes for it.
  static constexpr absl::Duration kCommandTimeout = absl::Seconds(5);
  static constexpr uint32_t kSlowestBytesPerSecond = 20'000;
  // A sector of 128 KB takes up to 4 s (STM32F405 datasheet), 256 KB twice as long.
  static constexpr uint32_t kSlowestErasedBytesPerSecond = 10'000;
  // Without room for OpenOCD's loader each halfword is several commands of the probe.
  static constexpr uint32_t kSlowestProgrammedBytesPerSecond = 500;

  explicit OpenOcdLink(std::unique_ptr<OpenOcdProcess> openocd,
                       absl::Duration command_timeout = kCommandTimeout)
      : openocd_(std::move(openocd)), command_timeout_(command_timeout) {}

  absl::Status ResetAndHalt() override;
  absl::Status Halt() override;
  absl::Status Resume() override;
  absl::StatusOr<uint32_t> ReadRegister(const std::string& name) override;
  absl::Status WriteRegister(const std::string& name, uint32_t value) override;
  absl::Status LoadElf(const std::string& path) override;
  absl::Status EraseFlash(uint32_t address, uint32_t num_bytes) override;
  absl::Status ProgramFlash(uint32_t address, std::string_view bytes) override;
  absl::StatusOr<std::string> Read(uint32_t address, uint32_t num_bytes) override;
  absl::Status Write(uint32_t address, std::string_view bytes) override;

 private:
  absl::StatusOr<std::string> Call(const std::string& command, uint64_t num_bytes = 0,
                                   uint32_t bytes_per_second = kSlowestBytesPerSecond);

  const std::unique_ptr<OpenOcdProcess> openocd_;
  const absl::Duration command_timeout_;
};

}  // namespace tunefarm::mcu_agent

#endif  // TUNEFARM_MCU_AGENT_BRIDGE_OPENOCD_LINK_H_
