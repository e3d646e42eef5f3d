// TFLite's fixed-point arithmetic as the reference computes it, transcribed from gemmlowp's
// fixedpoint.h and TFLite's kernels/internal/common.h. The IR's requantize intrinsic
// (ir/requantize.h) is written apart from it on purpose: tests compare the two.
#ifndef TUNEFARM_COMPILER_OP_REFERENCE_QUANTIZE_H_
#define TUNEFARM_COMPILER_OP_REFERENCE_QUANTIZE_H_

#include <algorithm>
#include <cstdint>
#include <limits>

#include "compiler/op/workload.h"

namespace tunefarm::compiler {

// gemmlowp::SaturatingRoundingDoublingHighMul.
inline int32_t SaturatingRoundingDoublingHighMul(int32_t a, int32_t b) {
  const int32_t lowest = std::numeric_limits<int32_t>::min();
  if (a == lowest && b == lowest) return std::numeric_limits<int32_t>::max();
  const int64_t product = static_cast<int64_t>(a) * b;
  const int64_t nudge = product >= 0 ? (int64_t{1} << 30) : 1 - (int64_t{1} << 30);
  return static_cast<int32_t>((product + nudge) / (int64_t{1} << 31));
}

// gemmlowp::RoundingDivideByPOT. exponent is in [0, 31].
inline int32_t RoundingDivideByPot(int32_t x, int exponent) {
  const int32_t mask = static_cast<int32_t>((int64_t{1} << exponent) - 1);
  const int32_t remainder = x & mask;
  const int32_t threshold = (mask >> 1) + (x < 0 ? 1 : 0);
  return (x >> exponent) + (remainder > threshold ? 1 : 0);
}

// tflite::MultiplyByQuantizedMultiplier with double rounding. shift is in [-31, 30].
inline int32_t MultiplyByQuantizedMultiplier(int32_t x, int32_t multiplier, int shift) {
  const int left = shift > 0 ? shift : 0;
  const int right = shift > 0 ? 0 : -shift;
  const int32_t shifted = static_cast<int32_t>(static_cast<uint32_t>(x) << left);
  return RoundingDivideByPot(SaturatingRoundingDoublingHighMul(shifted, multiplier), right);
}

// Two's complement addition, as the deployed code does it; no overflow is undefined.
inline int32_t WrappingAdd(int32_t a, int32_t b) {
  return static_cast<int32_t>(static_cast<uint32_t>(a) + static_cast<uint32_t>(b));
}

// The range of an s8 result: all of s8, from the output's zero point (relu), or a clip's bounds.
struct QuantisedRange {
  int32_t low = -128, high = 127;
};
inline QuantisedRange QuantisedBounds(const Epilogue& epilogue, int32_t zero_point) {
  if (epilogue.activation == Epilogue::Activation::kRelu) return {std::max(-128, zero_point), 127};
  if (epilogue.activation != Epilogue::Activation::kClip) return {};
  return {static_cast<int32_t>(epilogue.clip_low), static_cast<int32_t>(epilogue.clip_high)};
}
inline int8_t ClampToS8(int32_t value, const QuantisedRange& range) {
  return static_cast<int8_t>(std::min(std::max(value, range.low), range.high));
}

}  // namespace tunefarm::compiler

#endif  // TUNEFARM_COMPILER_OP_REFERENCE_QUANTIZE_H_
