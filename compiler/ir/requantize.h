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

// The requantize_short intrinsic. With x2 = 2x it is Requantize(x, multiplier, -right), plus c, if
//   |x| < 2^30, multiplier >= 0, right in [1, 22] and addend = 2^(right - 1) + c * 2^right
// for an s8 c: the doubled value and the sum stay in 32 bits, and where the rounded product is zero
// the sign of x decides nothing, because the half alone is below 2^right.
inline constexpr int32_t kMaxShortRight = 22;
inline int32_t RequantizeShort(int32_t x2, int32_t multiplier, int32_t addend, int32_t right) {
  const int64_t high = (static_cast<int64_t>(x2) * multiplier + (int64_t{1} << 31)) >> 32;
  const uint32_t sum =
      static_cast<uint32_t>(high) + static_cast<uint32_t>(addend) - (x2 < 0 ? 1u : 0u);
  return static_cast<int32_t>(sum) >> right;
}

}  // namespace tunefarm::compiler

#endif  // TUNEFARM_COMPILER_IR_REQUANTIZE_H_
