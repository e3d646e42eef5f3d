#include "mcu_agent/emulated_board/debug_port.h"

#include <cstring>

#include "base/status.h"

namespace tunefarm::mcu_agent {
namespace {

// ARM Debug Interface v5, 6.2 (DP) and 11.6 (MEM-AP).
constexpr uint32_t kStickyError = 1u << 5;
constexpr uint32_t kDebugPowerRequest = 1u << 28, kSystemPowerRequest = 1u << 30;
constexpr uint32_t kAbortClearsError = 1u << 2;
constexpr uint32_t kCsw = 0x00, kTar = 0x04, kDrw = 0x0C, kBd0 = 0x10, kBd3 = 0x1C;
constexpr uint32_t kCfg = 0xF4, kBase = 0xF8, kIdr = 0xFC;
constexpr uint32_t kAhbAp = 0x24770011;
constexpr uint32_t kNoRomTable = 0xFFFFFFFF;
constexpr uint32_t kCswReadOnly = 1u << 6;  // DeviceEn.

}  // namespace

absl::Status DebugPort::CheckCable() {
  if (misbehaviour_->Has(Fault::kDeadCable)) {
    return absl::UnavailableError("the target does not answer");
  }
  if (!core_->powered()) {
    was_powered_ = false;
    return absl::UnavailableError("the target has no power");
  }
  if (!was_powered_) {  // The port itself was reset with the supply.
    was_powered_ = true;
    ctrl_stat_ = select_ = csw_ = tar_ = 0;
  }
  return absl::OkStatus();
}

absl::StatusOr<uint32_t> DebugPort::ReadDp(uint32_t reg) {
  TUNEFARM_RETURN_IF_ERROR(CheckCable());
  switch (reg & 0xC) {
    case kDpIdr:
      return dpidr_;
    case kDpCtrlStat: {
      uint32_t value = ctrl_stat_;
      if ((value & kDebugPowerRequest) != 0) value |= kDebugPowerRequest << 1;
      if ((value & kSystemPowerRequest) != 0) value |= kSystemPowerRequest << 1;
      return value;
    }
    case kDpSelect:
      return 0;
    default:
      return read_buffer_;
  }
}

absl::Status DebugPort::WriteDp(uint32_t reg, uint32_t value, bool write_one_clears) {
  TUNEFARM_RETURN_IF_ERROR(CheckCable());
  switch (reg & 0xC) {
    case kDpIdr:  // ABORT
      if ((value & kAbortClearsError) != 0) ctrl_stat_ &= ~kStickyError;
      break;
    case kDpCtrlStat: {
      const bool cleared = write_one_clears && (value & kStickyError) != 0;
      const uint32_t sticky = cleared ? 0 : ctrl_stat_ & kStickyError;
      ctrl_stat_ = (value & (kDebugPowerRequest | kSystemPowerRequest)) | sticky;
      break;
    }
    case kDpSelect:
      select_ = value;
      break;
    default:
      break;
  }
  return absl::OkStatus();
}

uint32_t DebugPort::AccessBytes() const { return 1u << (csw_ & 3); }

void DebugPort::AdvanceTar() {
  const uint32_t mode = csw_ >> 4 & 3;  // 1: by the access, 2 (packed): by words.
  if (mode == 1) tar_ += AccessBytes();
  if (mode == 2) tar_ += 4;
}

absl::StatusOr<uint32_t> DebugPort::ReadData(uint32_t address) {
  uint32_t value = 0;
  // Packed transfers fill the word; plain ones sit in the byte lanes of their address.
  const bool packed = (csw_ >> 4 & 3) == 2;
  const uint32_t lane = packed ? 0 : address & 3;
  const uint32_t bytes = packed ? 4 : AccessBytes();
  if (lane + bytes > sizeof(value)) return absl::OutOfRangeError("the access is not aligned");
  uint8_t* const begin = reinterpret_cast<uint8_t*>(&value) + lane;
  TUNEFARM_RETURN_IF_ERROR(core_->Read(address, {begin, bytes}));
  return value;
}

absl::Status DebugPort::WriteData(uint32_t address, uint32_t value) {
  const bool packed = (csw_ >> 4 & 3) == 2;
  const uint32_t lane = packed ? 0 : address & 3;
  const uint32_t bytes = packed ? 4 : AccessBytes();
  if (lane + bytes > sizeof(value)) return absl::OutOfRangeError("the access is not aligned");
  const uint8_t* const begin = reinterpret_cast<const uint8_t*>(&value) + lane;
  return core_->Write(address, {begin, bytes});
}

absl::StatusOr<uint32_t> DebugPort::ReadAp(uint32_t ap, uint32_t reg) {
  TUNEFARM_RETURN_IF_ERROR(CheckCable());
  read_buffer_ = 0;
  if (ap != 0) return 0;
  switch (reg) {
    case kCsw:
      read_buffer_ = csw_ | kCswReadOnly;
      return read_buffer_;
    case kTar:
      read_buffer_ = tar_;
      return read_buffer_;
    case kBase:
      read_buffer_ = kNoRomTable;
      return read_buffer_;
    case kIdr:
      read_buffer_ = kAhbAp;
      return read_buffer_;
    case kCfg:
      return 0;
    default:
      break;
  }
  if (reg != kDrw && (reg < kBd0 || reg > kBd3)) return 0;
  if ((ctrl_stat_ & kStickyError) != 0) return 0;
  const uint32_t address = reg == kDrw ? tar_ : (tar_ & ~0xFu) | (reg & 0xC);
  const absl::StatusOr<uint32_t> value = ReadData(address);
  if (!value.ok()) {
    ctrl_stat_ |= kStickyError;
    return 0;
  }
  if (reg == kDrw) AdvanceTar();
  read_buffer_ = *value;
  return read_buffer_;
}

absl::Status DebugPort::WriteAp(uint32_t ap, uint32_t reg, uint32_t value) {
  TUNEFARM_RETURN_IF_ERROR(CheckCable());
  if (ap != 0 || (ctrl_stat_ & kStickyError) != 0) return absl::OkStatus();
  if (reg == kCsw) {
    csw_ = value;
  } else if (reg == kTar) {
    tar_ = value;
  } else if (reg == kDrw || (reg >= kBd0 && reg <= kBd3)) {
    const uint32_t address = reg == kDrw ? tar_ : (tar_ & ~0xFu) | (reg & 0xC);
    if (!WriteData(address, value).ok()) {
      ctrl_stat_ |= kStickyError;
    } else if (reg == kDrw) {
      AdvanceTar();
    }
  }
  return absl::OkStatus();
}

absl::Status DebugPort::ReadMemory(uint32_t address, std::span<uint8_t> bytes) {
  TUNEFARM_RETURN_IF_ERROR(CheckCable());
  return core_->Read(address, bytes);
}

absl::Status DebugPort::WriteMemory(uint32_t address, std::span<const uint8_t> bytes) {
  TUNEFARM_RETURN_IF_ERROR(CheckCable());
  return core_->Write(address, bytes);
}

}  // namespace tunefarm::mcu_agent
