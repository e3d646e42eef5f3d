// What a board without an OS looks like from its debug port: regions of memory, the block that the
// firmware takes, the mailbox's address, and how to recognise the chip.
//
// Read from mcu_agent/boards/<name>/board.json (docs/add-a-board.md). The bridge places images and
// tensors by it; the emulated board takes its addressable ranges from it. Relies on base and
// nlohmann_json. Everything here is a plain value.
#ifndef TUNEFARM_MCU_AGENT_BOARDS_BOARD_MAP_H_
#define TUNEFARM_MCU_AGENT_BOARDS_BOARD_MAP_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace tunefarm::mcu_agent {

// Bytes [base, base + bytes) of the board's address space. Never wraps: base + bytes <= 2^32.
struct MemoryRange {
  uint32_t base = 0;
  uint32_t bytes = 0;

  uint64_t end() const { return uint64_t{base} + bytes; }
  bool Contains(const MemoryRange& other) const {
    return base <= other.base && other.end() <= end();
  }
  bool Overlaps(const MemoryRange& other) const { return base < other.end() && other.base < end(); }
  bool operator==(const MemoryRange&) const = default;
};

// Memory that the bridge may fill.
struct MemoryRegion {
  // "itcm", "dtcm", "sram1": what a placement knob names.
  std::string name;
  MemoryRange range;
  // The core can fetch instructions from it.
  bool code = false;
  // Kernels can read and write it; never of flash. (With the firmware's MPU on, the code space
  // below 0x20000000 can be code or data, not both.)
  bool data = false;
  // Kernels can read it; true where `data` is.
  bool constants = false;
  // Whole sectors of flash, erased and programmed by the debugger; else RAM.
  bool flash = false;
};

// A word that tells chips apart: (word at address) & mask == value.
struct ChipId {
  uint32_t address = 0;
  uint32_t mask = 0;
  uint32_t value = 0;
};

struct Emulator {
  std::string machine;   // QEMU's name of the machine.
  int icount_shift = 0;  // One instruction takes 2^shift ns of emulated time.
};

struct BoardMap {
  std::string name;
  std::string description;
  std::string cpu;                   // As compilers name it: "cortex-m7".
  ChipId cpuid;                      // SCB CPUID: the core's part number.
  std::optional<ChipId> chip;        // The vendor's chip id, where there is one.
  std::optional<Emulator> emulator;  // Absent: hardware.
  std::string openocd_config;        // Path of the board's OpenOCD file.
  std::string firmware_elf;          // Path of the firmware's ELF; linked to run from `firmware`.
  MemoryRange firmware;  // Firmware block: code, data, stack and mailbox. Its first two words are
                         // the initial SP and PC. Inside one of `regions`.
  uint32_t mailbox = 0;  // Address of the tunefarm_mailbox, inside `firmware`.
  std::vector<MemoryRegion> regions;  // Disjoint, sorted by address.
  // Names of regions, best first. Images that name no memory: RAM with `code`. Tensors and stacks:
  // with `data`. Weights and biases: with `constants`, either RAM or the flash alone.
  std::vector<std::string> code_order;
  std::vector<std::string> data_order;
  std::vector<std::string> constant_order;
};

// Parses a map. `source` names the text in messages; relative paths in it are taken from
// `directory`. JSON with // comments; numbers may be strings like "0x20000000". Errors:
// kInvalidArgument, one line that says which key or which two regions are wrong.
absl::StatusOr<BoardMap> ParseBoardMap(const std::string& text, const std::string& source,
                                       const std::string& directory);

// Reads `boards_dir`/`board`/board.json. Errors: kNotFound (lists the boards that are there),
// those of ParseBoardMap, and kInvalidArgument where the map's name is not the folder's.
absl::StatusOr<BoardMap> LoadBoardMap(const std::string& boards_dir, const std::string& board);

// Names of the boards in `boards_dir`, sorted; empty where the folder cannot be read.
std::vector<std::string> ListBoards(const std::string& boards_dir);

// The built boards folder beside this executable: <its folder>/../boards. It holds every map, its
// OpenOCD file and its firmware.
std::string DefaultBoardsDir();

// The region of that name, or null.
const MemoryRegion* FindRegion(const BoardMap& map, const std::string& name);

// The flash of a board, or null. There is at most one such region.
const MemoryRegion* FlashOf(const BoardMap& map);

// Whether the byte at `address` is flash.
bool InFlash(const BoardMap& map, uint64_t address);

// The board as it is to be used where nothing may be erased: without its flash.
BoardMap WithoutFlash(BoardMap map);

// What is free of a region: all of it but the firmware's block. Sorted by address.
std::vector<MemoryRange> FreeRanges(const BoardMap& map, const MemoryRegion& region);

}  // namespace tunefarm::mcu_agent

#endif  // TUNEFARM_MCU_AGENT_BOARDS_BOARD_MAP_H_
