#include "mcu_agent/emulated_board/stm32f4_flash.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "base/status.h"

namespace tunefarm::mcu_agent {
namespace {

constexpr uint32_t kCellsBase = 0x08000000, kCellsBytes = 0x100000;
constexpr uint32_t kControllerBase = 0x40023C00, kControllerBytes = 0x400;
constexpr uint32_t kKeyr = 0x04, kSr = 0x0C, kCr = 0x10, kOptcr = 0x14;
constexpr uint32_t kIdCode = 0xE0042000, kIdCodeValue = 0x10076413;  // STM32F405/407, revision 2.
constexpr uint32_t kSizeRegister = 0x1FFF7A22;
constexpr uint16_t kSizeInKb = kCellsBytes >> 10;

constexpr uint32_t kKey1 = 0x45670123, kKey2 = 0xCDEF89AB;
constexpr uint32_t kProgram = 1u << 0, kSectorErase = 1u << 1, kStart = 1u << 16, kLock = 1u << 31;
constexpr uint32_t kSectorShift = 3, kSectorMask = 0xF, kWidthShift = 8, kWidthMask = 3;
constexpr uint32_t kWidthError = 1u << 6, kOrderError = 1u << 7;
constexpr uint32_t kErrors = kWidthError | kOrderError | 1u << 5 | 1u << 4 | 1u << 1;
constexpr uint32_t kOptcrAtReset = 0x0FFFAAED;  // No sector is protected.

// Where each sector begins, and the end: four of 16 KB, one of 64 KB, seven of 128 KB.
constexpr std::array<uint32_t, 13> kSectors = {0x00000, 0x04000, 0x08000,    0x0C000, 0x10000,
                                               0x20000, 0x40000, 0x60000,    0x80000, 0xA0000,
                                               0xC0000, 0xE0000, kCellsBytes};

bool Inside(uint32_t address, size_t bytes, uint32_t base, uint32_t range_bytes) {
  return address >= base && uint64_t{address} + bytes <= uint64_t{base} + range_bytes;
}

uint32_t SectorOf(uint32_t offset) {
  const auto* const next = std::upper_bound(kSectors.begin(), kSectors.end(), offset);
  return static_cast<uint32_t>(next - kSectors.begin()) - 1;
}

uint32_t WordOf(std::span<const uint8_t> bytes) {
  uint32_t word = 0;
  std::memcpy(&word, bytes.data(), std::min(bytes.size(), sizeof(word)));
  return word;
}

void PutWord(uint32_t word, std::span<uint8_t> bytes) {
  std::memcpy(bytes.data(), &word, std::min(bytes.size(), sizeof(word)));
}

}  // namespace

Stm32f4Flash::Stm32f4Flash(CoreLink* core) : core_(core), cells_(kCellsBytes, 0xFF) {
  ResetController();
}

void Stm32f4Flash::ResetController() {
  status_ = 0;
  control_ = kLock;
  keys_taken_ = 0;
  locked_until_reset_ = false;
}

absl::Status Stm32f4Flash::Read(uint32_t address, std::span<uint8_t> bytes) {
  if (Inside(address, bytes.size(), kCellsBase, kCellsBytes)) {
    std::memcpy(bytes.data(), cells_.data() + (address - kCellsBase), bytes.size());
    return absl::OkStatus();
  }
  if (bytes.size() == 4 && Inside(address, 4, kControllerBase, kControllerBytes)) {
    PutWord(ReadController(address - kControllerBase), bytes);
    return absl::OkStatus();
  }
  if (bytes.size() == 4 && address == kIdCode) {
    PutWord(kIdCodeValue, bytes);
    return absl::OkStatus();
  }
  if (bytes.size() == sizeof(kSizeInKb) && address == kSizeRegister) {
    PutWord(kSizeInKb, bytes);
    return absl::OkStatus();
  }
  return core_->Read(address, bytes);
}

absl::Status Stm32f4Flash::Write(uint32_t address, std::span<const uint8_t> bytes) {
  if (Inside(address, bytes.size(), kCellsBase, kCellsBytes)) {
    Program(address - kCellsBase, bytes);
    return absl::OkStatus();
  }
  if (bytes.size() == 4 && Inside(address, 4, kControllerBase, kControllerBytes)) {
    WriteController(address - kControllerBase, WordOf(bytes));
    return absl::OkStatus();
  }
  return core_->Write(address, bytes);
}

uint32_t Stm32f4Flash::ReadController(uint32_t offset) const {
  switch (offset) {
    case kSr:
      return status_;
    case kCr:
      return control_;
    case kOptcr:
      return kOptcrAtReset;
    default:
      return 0;
  }
}

void Stm32f4Flash::WriteController(uint32_t offset, uint32_t value) {
  if (offset == kKeyr) Unlock(value);
  if (offset == kSr) status_ &= ~(value & kErrors);
  if (offset != kCr || (control_ & kLock) != 0) return;
  control_ = value & ~kStart;
  if ((value & kLock) != 0) keys_taken_ = 0;
  if ((value & kStart) != 0 && (value & kSectorErase) != 0) {
    EraseSector(value >> kSectorShift & kSectorMask);
  }
}

void Stm32f4Flash::Unlock(uint32_t key) {
  if (locked_until_reset_) return;
  if (key != (keys_taken_ == 0 ? kKey1 : kKey2)) {
    locked_until_reset_ = true;
    return;
  }
  if (++keys_taken_ == 2) control_ &= ~kLock;
}

void Stm32f4Flash::EraseSector(uint32_t number) {
  if (number + 1 >= kSectors.size()) {
    status_ |= kOrderError;
    return;
  }
  std::fill(cells_.begin() + kSectors[number], cells_.begin() + kSectors[number + 1], 0xFF);
  used_sectors_.insert(number);
  stale_sectors_.insert(number);
}

void Stm32f4Flash::Program(uint32_t offset, std::span<const uint8_t> bytes) {
  if ((control_ & kLock) != 0 || (control_ & kProgram) == 0) {
    status_ |= kOrderError;
    return;
  }
  const size_t width = size_t{1} << (control_ >> kWidthShift & kWidthMask);
  if (bytes.size() != width) {
    status_ |= kWidthError;
    return;
  }
  for (const uint8_t byte : bytes) cells_[offset++] &= byte;
  used_sectors_.insert(SectorOf(offset - 1));
  stale_sectors_.insert(SectorOf(offset - 1));
}

absl::Status Stm32f4Flash::HandOver() {
  for (const uint32_t sector : stale_sectors_) {
    const uint32_t begin = kSectors[sector];
    TUNEFARM_RETURN_IF_ERROR(
        core_->WriteRom(kCellsBase + begin, {cells_.data() + begin, kSectors[sector + 1] - begin}));
  }
  stale_sectors_.clear();
  return absl::OkStatus();
}

absl::Status Stm32f4Flash::Resume() {
  TUNEFARM_RETURN_IF_ERROR(HandOver());
  return core_->Resume();
}

absl::Status Stm32f4Flash::Step() {
  TUNEFARM_RETURN_IF_ERROR(HandOver());
  return core_->Step();
}

absl::Status Stm32f4Flash::Reset() {
  ResetController();
  return core_->Reset();
}

absl::Status Stm32f4Flash::PowerOn() {
  ResetController();
  stale_sectors_ = used_sectors_;
  return core_->PowerOn();
}

}  // namespace tunefarm::mcu_agent
