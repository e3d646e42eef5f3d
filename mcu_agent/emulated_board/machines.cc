#include "mcu_agent/emulated_board/machines.h"

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"

namespace tunefarm::mcu_agent {
namespace {

constexpr uint32_t kSwdM3M4 = 0x2BA01477;
constexpr uint32_t kJtagM3M4 = 0x4BA00477;
constexpr uint32_t kSwdM7 = 0x5BA02477;
constexpr uint32_t kJtagM7 = 0x5BA00477;

// QEMU 7.2, hw/arm/mps2.c: two 4 MB banks of fast SRAM and 16 MB of PSRAM; AN500 has that
// elsewhere.
const std::vector<MemoryRange> kMps2Memory = {
    {0x00000000, 0x400000}, {0x20000000, 0x400000}, {0x21000000, 0x1000000}};
const std::vector<MemoryRange> kAn500Memory = {
    {0x00000000, 0x400000}, {0x20000000, 0x400000}, {0x60000000, 0x1000000}};
const std::vector<MemoryRange> kMps2Devices = {{0x40000000, 0x30000}};

// QEMU 7.2, hw/arm/stm32f405_soc.c; 128 KB of its 192 KB of SRAM, as the chip has.
const std::vector<MemoryRange> kF405Memory = {
    {0x00000000, 0x100000}, {0x08000000, 0x100000}, {0x20000000, 0x20000}};
const std::vector<MemoryRange> kF405Devices = {{0x40000000, 0x80000}, {0xE0042000, 0x1000}};

const std::vector<MachineInfo>& Machines() {
  static const auto* const kMachines = new std::vector<MachineInfo>{
      {"mps2-an500", kSwdM7, kJtagM7, kAn500Memory, kMps2Devices, 0},
      {"mps2-an386", kSwdM3M4, kJtagM3M4, kMps2Memory, kMps2Devices, 0},
      {"mps2-an385", kSwdM3M4, kJtagM3M4, kMps2Memory, kMps2Devices, 0},
      {"netduinoplus2", kSwdM3M4, kJtagM3M4, kF405Memory, kF405Devices, 0,
       /*has_stm32f4_flash=*/true},
  };
  return *kMachines;
}

}  // namespace

absl::StatusOr<MachineInfo> FindMachine(const std::string& name) {
  std::vector<std::string> names;
  for (const MachineInfo& machine : Machines()) {
    if (machine.name == name) return machine;
    names.push_back(machine.name);
  }
  return absl::NotFoundError(
      absl::StrFormat("no machine '%s' (there are: %s)", name, absl::StrJoin(names, ", ")));
}

}  // namespace tunefarm::mcu_agent
