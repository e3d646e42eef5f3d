#include "mcu_agent/emulated_board/core_model.h"

#include <cstring>
#include <optional>
#include <vector>

#include "absl/strings/str_format.h"
#include "base/status.h"
#include "spdlog/spdlog.h"

namespace tunefarm::mcu_agent {
namespace {

// Armv7-M Architecture Reference Manual, C1.6 (debug registers) and C1.11 (FPB).
constexpr uint32_t kAircr = 0xE000ED0C, kDfsr = 0xE000ED30;
constexpr uint32_t kDhcsr = 0xE000EDF0, kDcrsr = 0xE000EDF4, kDcrdr = 0xE000EDF8;
constexpr uint32_t kDemcr = 0xE000EDFC;
constexpr uint32_t kFpCtrl = 0xE0002000, kFpRemap = 0xE0002004, kFpComp0 = 0xE0002008;
constexpr uint32_t kDwtBase = 0xE0001000, kFpEnd = 0xE0003000;

constexpr uint32_t kDhcsrKey = 0xA05F;
constexpr uint32_t kDebugEnable = 1u << 0, kHalt = 1u << 1, kStep = 1u << 2;
constexpr uint32_t kRegisterReady = 1u << 16, kIsHalted = 1u << 17, kIsLockedUp = 1u << 19;
constexpr uint32_t kRetired = 1u << 24, kWasReset = 1u << 25;
constexpr uint32_t kCatchReset = 1u << 0;
constexpr uint32_t kStoppedByHalt = 1u << 0, kStoppedByBreakpoint = 1u << 1,
                   kStoppedByCatch = 1u << 3;
constexpr uint32_t kAircrKey = 0x05FA, kSystemReset = 1u << 2, kVectorReset = 1u << 0;
constexpr uint32_t kBreakpointRevision2 = 1u << 28;

// Debuggers write a BKPT alone, or at the end of a small algorithm (OpenOCD's checksum takes 52
// bytes). Larger writes are images and tensors, where the pattern would mostly be chance.
constexpr size_t kMaxAlgorithmBytes = 256;
constexpr uint16_t kBkptOpcode = 0xBE00, kBkptMask = 0xFF00;

bool IsDebugWord(uint32_t address) {
  return address == kAircr || address == kDfsr || (address >= kDhcsr && address <= kDemcr) ||
         (address >= kDwtBase && address < kFpEnd);
}

}  // namespace

absl::Status CoreModel::Checked(absl::Status status) {
  if (absl::IsUnavailable(status) && powered_) {
    // QEMU aborts on a lockup. A chip's debug port goes on answering, so a new QEMU stands in; what
    // was in memory is lost.
    spdlog::warn("the core locked up: {}", base::OneLine(status));
    state_ = State::kLockup;
    powered_ = link_->PowerOn().ok();
  }
  return status;
}

absl::Status CoreModel::Read(uint32_t address, std::span<uint8_t> bytes) {
  if (!powered_) return absl::UnavailableError("the power is off");
  if (!IsDebugWord(address) || bytes.size() % 4 != 0) return Checked(link_->Read(address, bytes));
  for (size_t at = 0; at < bytes.size(); at += 4) {
    TUNEFARM_ASSIGN_OR_RETURN(const uint32_t word,
                              ReadDebugWord(address + static_cast<uint32_t>(at)));
    std::memcpy(bytes.data() + at, &word, 4);
  }
  return absl::OkStatus();
}

absl::Status CoreModel::Write(uint32_t address, std::span<const uint8_t> bytes) {
  if (!powered_) return absl::UnavailableError("the power is off");
  if (!IsDebugWord(address) || bytes.size() % 4 != 0) return WriteMemory(address, bytes);
  for (size_t at = 0; at < bytes.size(); at += 4) {
    uint32_t word = 0;
    std::memcpy(&word, bytes.data() + at, 4);
    TUNEFARM_RETURN_IF_ERROR(WriteDebugWord(address + static_cast<uint32_t>(at), word));
  }
  return absl::OkStatus();
}

absl::Status CoreModel::WriteMemory(uint32_t address, std::span<const uint8_t> bytes) {
  const std::optional<uint64_t> brown_out = misbehaviour_->BrownOutIn(bytes.size());
  if (brown_out.has_value()) {
    spdlog::warn("brown-out at 0x{:08x}", address + *brown_out);
    SetPower(PowerChange::kCycle);
    return absl::UnavailableError("the supply dipped");
  }
  const std::optional<uint64_t> corrupt = misbehaviour_->CorruptionIn(bytes.size());
  if (corrupt.has_value()) {
    spdlog::warn("one bit flips at 0x{:08x}", address + *corrupt);
    std::vector<uint8_t> wrong(bytes.begin(), bytes.end());
    wrong[*corrupt] ^= 0x10;
    return Checked(link_->Write(address, wrong));
  }
  TUNEFARM_RETURN_IF_ERROR(Checked(link_->Write(address, bytes)));
  TrackSoftBreakpoints(address, bytes);
  return absl::OkStatus();
}

// QEMU takes BKPT for an exception; a breakpoint of its own stands in for the one the debugger
// wrote.
void CoreModel::TrackSoftBreakpoints(uint32_t address, std::span<const uint8_t> bytes) {
  const uint64_t end = uint64_t{address} + bytes.size();
  for (auto it = soft_breakpoints_.lower_bound(address);
       it != soft_breakpoints_.end() && *it < end;) {
    (void)ChangeBreakpoint(*it, /*set=*/false);
    it = soft_breakpoints_.erase(it);
  }
  if (bytes.size() > kMaxAlgorithmBytes) return;
  for (size_t at = address & 1; at + 2 <= bytes.size(); at += 2) {
    uint16_t opcode = 0;
    std::memcpy(&opcode, bytes.data() + at, sizeof(opcode));
    if ((opcode & kBkptMask) != kBkptOpcode) continue;
    const uint32_t where = address + static_cast<uint32_t>(at);
    (void)ChangeBreakpoint(where, /*set=*/true);
    soft_breakpoints_.insert(where);
  }
}

absl::StatusOr<uint32_t> CoreModel::ReadDebugWord(uint32_t address) {
  if (address >= kFpComp0 && address < kFpComp0 + 4 * kNumComparators) {
    return comparators_[(address - kFpComp0) / 4];
  }
  switch (address) {
    case kDhcsr:
      return ReadDhcsr();
    case kDcrdr:
      return dcrdr_;
    case kDemcr:
      return demcr_;
    case kDfsr:
      return dfsr_;
    case kFpCtrl:
      return kBreakpointRevision2 | kNumComparators << 4 | (fp_control_ & 1);
    case kAircr: {
      uint32_t word = 0;
      TUNEFARM_RETURN_IF_ERROR(
          Checked(link_->Read(address, {reinterpret_cast<uint8_t*>(&word), sizeof(word)})));
      return word;
    }
    default:  // No DWT, no remapping; DCRSR is write-only.
      return 0;
  }
}

absl::Status CoreModel::WriteDebugWord(uint32_t address, uint32_t value) {
  if (address >= kFpCtrl && address < kFpEnd) return WriteBreakpointUnit(address, value);
  switch (address) {
    case kDhcsr:
      if (value >> 16 == kDhcsrKey) WriteDhcsr(value & 0xFFFF);
      return absl::OkStatus();
    case kDcrsr:
      TransferRegister(value);
      return absl::OkStatus();
    case kDcrdr:
      dcrdr_ = value;
      return absl::OkStatus();
    case kDemcr:
      demcr_ = value;
      return absl::OkStatus();
    case kDfsr:
      dfsr_ &= ~value;
      return absl::OkStatus();
    case kAircr:
      if (value >> 16 == kAircrKey && (value & (kSystemReset | kVectorReset)) != 0) {
        Reset();
        return absl::OkStatus();
      }
      return Checked(link_->Write(address, {reinterpret_cast<uint8_t*>(&value), sizeof(value)}));
    default:
      return absl::OkStatus();
  }
}

absl::Status CoreModel::WriteBreakpointUnit(uint32_t address, uint32_t value) {
  if (address == kFpCtrl) {
    fp_control_ = value;
    return absl::OkStatus();
  }
  if (address == kFpRemap || address >= kFpComp0 + 4 * kNumComparators) return absl::OkStatus();
  uint32_t& comparator = comparators_[(address - kFpComp0) / 4];
  if ((comparator & 1) != 0) {
    TUNEFARM_RETURN_IF_ERROR(ChangeBreakpoint(comparator & ~1u, /*set=*/false));
  }
  comparator = value;
  if ((comparator & 1) == 0) return absl::OkStatus();
  return ChangeBreakpoint(comparator & ~1u, /*set=*/true);
}

// A chip's breakpoints change while it runs; the link's only while it is halted.
absl::Status CoreModel::ChangeBreakpoint(uint32_t address, bool set) {
  PollStop();
  const bool runs = state_ == State::kRunning && !stuck();
  if (runs) TUNEFARM_RETURN_IF_ERROR(Checked(link_->Halt()));
  const absl::Status changed =
      Checked(set ? link_->SetBreakpoint(address) : link_->ClearBreakpoint(address));
  if (!changed.ok() || !runs) return changed;
  return Checked(link_->Resume());
}

uint32_t CoreModel::ReadDhcsr() {
  PollStop();
  uint32_t value = (dhcsr_control_ & 0xF) | kRegisterReady;
  if (state_ == State::kHalted && !stuck()) value |= kIsHalted;
  if (state_ == State::kLockup) value |= kIsLockedUp;
  if (retired_seen_) value |= kRetired;
  if (reset_seen_) value |= kWasReset;
  retired_seen_ = state_ == State::kRunning && !stuck();
  reset_seen_ = false;
  return value;
}

void CoreModel::PollStop() {
  if (state_ != State::kRunning || stuck()) return;
  const absl::StatusOr<bool> stopped = link_->PollStopped();
  if (!stopped.ok()) {
    (void)Checked(stopped.status());
  } else if (*stopped) {
    state_ = State::kHalted;
    dfsr_ |= kStoppedByBreakpoint;
  }
}

void CoreModel::WriteDhcsr(uint32_t value) {
  dhcsr_control_ = value;
  if (stuck()) return;
  PollStop();
  const bool halt = (value & kDebugEnable) != 0 && (value & kHalt) != 0;
  if (halt && state_ != State::kHalted) {
    if (state_ == State::kRunning && !Checked(link_->Halt()).ok()) return;
    state_ = State::kHalted;
    dfsr_ |= kStoppedByHalt;
  } else if (!halt && state_ == State::kHalted) {
    retired_seen_ = true;
    if ((value & kStep) != 0 && (value & kDebugEnable) != 0) {
      (void)Checked(link_->Step());
      dfsr_ |= kStoppedByHalt;
    } else if (Checked(link_->Resume()).ok()) {
      state_ = State::kRunning;
    }
  }
}

void CoreModel::TransferRegister(uint32_t selector) {
  constexpr uint32_t kWrite = 1u << 16;
  const uint32_t number = selector & 0x7F;
  const bool write = (selector & kWrite) != 0;
  if (state_ != State::kHalted) return;
  if (number >= 17 && number <= 20) {
    uint32_t& hidden = hidden_registers_[number - 17];
    (write ? hidden : dcrdr_) = write ? dcrdr_ : hidden;
    return;
  }
  int link_number = 0;
  int shift = 0;
  if (number <= 15) {
    link_number = static_cast<int>(number);
  } else if (number == 16) {
    link_number = kRegisterXpsr;
  } else if (number == 33) {
    link_number = kRegisterFpscr;
  } else if (number >= 64 && number < 96) {
    link_number = kRegisterD0 + static_cast<int>(number - 64) / 2;
    shift = number % 2 == 0 ? 0 : 32;
  } else {
    return;
  }
  absl::StatusOr<uint64_t> value = link_->ReadRegister(link_number);
  // A core without FPU has no such register: reads as 0, writes are ignored.
  if (!value.ok()) {
    (void)Checked(value.status());
    if (!write) dcrdr_ = 0;
    return;
  }
  if (!write) {
    dcrdr_ = static_cast<uint32_t>(*value >> shift);
    return;
  }
  const uint64_t mask = uint64_t{0xFFFFFFFF} << shift;
  (void)Checked(link_->WriteRegister(link_number, (*value & ~mask) | (uint64_t{dcrdr_} << shift)));
}

void CoreModel::Start() {
  uint32_t vectors[2] = {0, 0};
  state_ = State::kParked;
  if (!Checked(link_->Read(vectors_, {reinterpret_cast<uint8_t*>(vectors), sizeof(vectors)}))
           .ok()) {
    return;
  }
  if (vectors[0] == 0 || (vectors[1] & 1) == 0) return;
  if (Checked(link_->Resume()).ok()) state_ = State::kRunning;
}

void CoreModel::Reset() {
  if (!powered_) return;
  misbehaviour_->On(Until::kReset);
  reset_seen_ = true;
  if (stuck()) return;
  // A core that locks up just now is as good as reset: its emulator is new.
  if (state_ == State::kRunning) (void)Checked(link_->Halt());
  (void)Checked(link_->Reset());
  if ((demcr_ & kCatchReset) != 0 && (dhcsr_control_ & kDebugEnable) != 0) {
    state_ = State::kHalted;
    dfsr_ |= kStoppedByCatch;
  } else {
    Start();
  }
}

void CoreModel::SetPower(PowerChange change) {
  if (change != PowerChange::kOn || powered_) link_->PowerOff();
  powered_ = false;
  if (change == PowerChange::kOff) return;
  misbehaviour_->On(Until::kPower);
  soft_breakpoints_.clear();
  comparators_ = {};
  dhcsr_control_ = demcr_ = dfsr_ = fp_control_ = 0;
  reset_seen_ = true;
  const absl::Status status = link_->PowerOn();
  if (!status.ok()) {
    spdlog::error("power on: {}", base::OneLine(status));
    return;
  }
  powered_ = true;
  Start();
}

void CoreModel::MisbehaviourChanged() {
  if (!stuck() || state_ != State::kRunning) return;
  if (Checked(link_->Halt()).ok()) state_ = State::kHalted;
}

}  // namespace tunefarm::mcu_agent
