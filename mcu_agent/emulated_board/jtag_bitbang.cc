#include "mcu_agent/emulated_board/jtag_bitbang.h"

namespace tunefarm::mcu_agent {
namespace {

// Instructions of a JTAG-DP (ARM Debug Interface v5, 3.2); all others are BYPASS.
constexpr uint32_t kAbort = 0x8, kDpAccess = 0xA, kApAccess = 0xB, kIdcode = 0xE, kBypass = 0xF;
constexpr int kInstructionBits = 4, kAccessBits = 35, kIdcodeBits = 32;
constexpr uint64_t kInstructionCapture = 0b0001;
constexpr uint64_t kAckOk = 0b010;

}  // namespace

TapState NextTapState(TapState state, bool tms) {
  using S = TapState;
  struct Ways {
    S low, high;
  };
  static constexpr Ways kWays[] = {
      {S::kIdle, S::kReset},          // kReset
      {S::kIdle, S::kSelectDr},       // kIdle
      {S::kCaptureDr, S::kSelectIr},  // kSelectDr
      {S::kShiftDr, S::kExit1Dr},     // kCaptureDr
      {S::kShiftDr, S::kExit1Dr},     // kShiftDr
      {S::kPauseDr, S::kUpdateDr},    // kExit1Dr
      {S::kPauseDr, S::kExit2Dr},     // kPauseDr
      {S::kShiftDr, S::kUpdateDr},    // kExit2Dr
      {S::kIdle, S::kSelectDr},       // kUpdateDr
      {S::kCaptureIr, S::kReset},     // kSelectIr
      {S::kShiftIr, S::kExit1Ir},     // kCaptureIr
      {S::kShiftIr, S::kExit1Ir},     // kShiftIr
      {S::kPauseIr, S::kUpdateIr},    // kExit1Ir
      {S::kPauseIr, S::kExit2Ir},     // kPauseIr
      {S::kShiftIr, S::kUpdateIr},    // kExit2Ir
      {S::kIdle, S::kSelectDr},       // kUpdateIr
  };
  const Ways& ways = kWays[static_cast<int>(state)];
  return tms ? ways.high : ways.low;
}

std::string JtagBitbang::Receive(std::string_view characters) {
  std::string answers;
  for (const char c : characters) {
    if (c >= '0' && c <= '7') {
      const bool high = ((c - '0') & 4) != 0;
      if (high && !clock_high_) Clock(((c - '0') & 2) != 0, ((c - '0') & 1) != 0);
      clock_high_ = high;
    } else if (c == 'R') {
      answers += (shift_ & 1) != 0 ? '1' : '0';
    } else if (c >= 'r' && c <= 'u') {
      // Bit 0: the system reset is held; bit 1: the TAP's.
      const int lines = c - 'r';
      if ((lines & 1) == 0 && reset_held_) core_->Reset();
      reset_held_ = (lines & 1) != 0;
      if ((lines & 2) != 0) state_ = TapState::kReset;
    }
  }
  return answers;
}

void JtagBitbang::Clock(bool tms, bool tdi) {
  if (state_ == TapState::kShiftDr || state_ == TapState::kShiftIr) {
    shift_ = shift_ >> 1 | uint64_t{tdi} << (shift_bits_ - 1);
  }
  // What a state does happens at the edge that leaves it, except for shifting's first bit, which
  // must already be visible when Shift is entered.
  state_ = NextTapState(state_, tms);
  if (state_ == TapState::kReset) instruction_ = kIdcode;
  if (state_ == TapState::kCaptureDr || state_ == TapState::kCaptureIr) Capture();
  if (state_ == TapState::kUpdateDr || state_ == TapState::kUpdateIr) Update();
}

void JtagBitbang::Capture() {
  if (state_ == TapState::kCaptureIr) {
    shift_ = kInstructionCapture;
    shift_bits_ = kInstructionBits;
  } else if (instruction_ == kIdcode) {
    shift_ = idcode_;
    shift_bits_ = kIdcodeBits;
  } else if (instruction_ == kDpAccess || instruction_ == kApAccess || instruction_ == kAbort) {
    shift_ = uint64_t{last_read_} << 3 | kAckOk;
    shift_bits_ = kAccessBits;
  } else {
    shift_ = 0;
    shift_bits_ = 1;
  }
}

void JtagBitbang::Update() {
  if (state_ == TapState::kUpdateIr) {
    instruction_ = static_cast<uint32_t>(shift_) & kBypass;
  } else if (instruction_ == kDpAccess || instruction_ == kApAccess) {
    Access(instruction_ == kApAccess);
  } else if (instruction_ == kAbort) {
    (void)port_->WriteDp(kDpIdr, static_cast<uint32_t>(shift_ >> 3), /*write_one_clears=*/true);
  }
}

// A dead cable or a board without power reads as zeros: the debugger sees power requests without
// acknowledgement.
void JtagBitbang::Access(bool ap) {
  const auto data = static_cast<uint32_t>(shift_ >> 3);
  const auto reg = static_cast<uint32_t>(shift_ >> 1 & 3) << 2;
  const bool read = (shift_ & 1) != 0;
  const uint32_t ap_reg = (port_->select() & 0xF0) | reg;
  const uint32_t ap_number = port_->select() >> 24;
  if (read && ap) {
    last_read_ = port_->ReadAp(ap_number, ap_reg).value_or(0);
  } else if (read) {
    last_read_ = reg == kDpRdbuff ? 0 : port_->ReadDp(reg).value_or(0);
  } else if (ap) {
    (void)port_->WriteAp(ap_number, ap_reg, data);
  } else {
    (void)port_->WriteDp(reg, data, /*write_one_clears=*/true);
  }
}

}  // namespace tunefarm::mcu_agent
