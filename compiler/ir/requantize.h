// The exact meaning of the requantize intrinsic, on scalars.
#ifndef TUNEFARM_COMPILER_IR_REQUANTIZE_H_
#define TUNEFARM_COMPILER_IR_REQUANTIZE_H_

#include <algorithm>
#include <cstdint>
#include <limits>

namespace tunefarm::compiler {

// Bounds of the shift.
inline constexpr int32_t kMinRequantizeShift = -31;
inline constexpr int32_t kMaxRequantizeShift = 30;

// TFLite's MultiplyByQuantizedMultiplier with double rounding: x * multiplier * 2^(shift - 31).
// First to a whole number with halves upward (gemmlowp's SaturatingRoundingDoublingHighMul, whose
// two nudges amount to that), then divided by 2^-shift with halves away from zero
// (RoundingDivideByPOT).
inline int32_t Requantize(int32_t x, int32_t multiplier, int32_t shift) {
  constexpr int32_t kLowest = std::numeric_limits<int32_t>::min();
  const int32_t left = std::max(shift, 0);
  const int32_t right = std::max(-shift, 0);
  const int32_t shifted = static_cast<int32_t>(static_cast<uint32_t>(x) << left);
  int64_t high = (static_cast<int64_t>(shifted) * multiplier + (int64_t{1} << 30)) >> 31;
  // The one product that does not fit.
  if (shifted == kLowest && multiplier == kLowest) high = std::numeric_limits<int32_t>::max();
  if (right == 0) return static_cast<int32_t>(high);
  const int64_t half = int64_t{1} << (right - 1);
  return static_cast<int32_t>((high + half - (high < 0 ? 1 : 0)) >> right);
}

}  // namespace tunefarm::compiler

#endif  // TUNEFARM_COMPILER_IR_REQUANTIZE_H_
