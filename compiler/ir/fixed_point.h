// The exact meaning of the fixed-point intrinsics beyond requantize, on scalars: what TFLite's
// quantised softmax is computed with. The formats are gemmlowp's: Qi.f has f bits behind the point.
#ifndef TUNEFARM_COMPILER_IR_FIXED_POINT_H_
#define TUNEFARM_COMPILER_IR_FIXED_POINT_H_

#include <array>
#include <bit>
#include <cstdint>
#include <limits>

#include "compiler/ir/requantize.h"

namespace tunefarm::compiler {

// x / 2^exponent to nearest, halves away from zero. exponent is in [0, 31].
inline int32_t RoundingShift(int32_t x, int32_t exponent) {
  if (exponent == 0) return x;
  const int64_t half = int64_t{1} << (exponent - 1);
  return static_cast<int32_t>((int64_t{x} + half - (x < 0 ? 1 : 0)) >> exponent);
}

// x * 2^bits, wrapping. bits is in [0, 31].
inline int32_t ShiftLeft(int32_t x, int32_t bits) {
  return static_cast<int32_t>(static_cast<uint32_t>(x) << bits);
}

inline int32_t CountLeadingZeros(int32_t x) { return std::countl_zero(static_cast<uint32_t>(x)); }

// e^x as it is assembled: the polynomial around -1/8 on [-1/4, 0), times one factor e^-(2^k) for
// each bit that the rest of x has set, k = -2 ... 4.
namespace fixed_exp {
inline constexpr int32_t kQuarter = 1 << 24;              // In Q5.26.
inline constexpr int32_t kEighth = 1 << 28;               // In Q0.31.
inline constexpr int32_t kExpOfMinusEighth = 1895147668;  // In Q0.31, as what follows.
inline constexpr int32_t kThird = 715827883;
inline constexpr std::array<int32_t, 7> kFactors = {1672461947, 1302514674, 790015084, 290630308,
                                                    39332535,   720401,     242};
}  // namespace fixed_exp

// e^x for x <= 0 in Q5.26, in Q0.31; e^0 is the largest value there is. gemmlowp's
// exp_on_negative_values, to the bit.
inline int32_t FixedExp(int32_t x) {
  using namespace fixed_exp;
  const auto mul = [](int32_t a, int32_t b) { return Requantize(a, b, 0); };
  if (x == 0) return std::numeric_limits<int32_t>::max();
  const int32_t fraction = (x & (kQuarter - 1)) - kQuarter;
  const int32_t y = ShiftLeft(fraction, 5) + kEighth;
  const int32_t y2 = mul(y, y), y3 = mul(y2, y), y4 = mul(y2, y2);
  const int32_t tail = RoundingShift(mul(RoundingShift(y4, 2) + y3, kThird) + y2, 1);
  int32_t result = kExpOfMinusEighth + mul(kExpOfMinusEighth, y + tail);
  const uint32_t rest = static_cast<uint32_t>(fraction) - static_cast<uint32_t>(x);
  for (size_t i = 0; i < kFactors.size(); ++i) {
    if ((rest >> (24 + i) & 1) != 0) result = mul(result, kFactors[i]);
  }
  return result;
}

// 1 / (1 + x) for x in [0, 1), both in Q0.31: three steps of Newton's iteration for the inverse of
// (1 + x) / 2, in Q2.29. gemmlowp's one_over_one_plus_x_for_x_in_0_1, to the bit.
namespace fixed_reciprocal {
inline constexpr int32_t k48Over17 = 1515870810;  // In Q2.29.
inline constexpr int32_t kMinus32Over17 = -1010580540;
inline constexpr int32_t kOne = 1 << 29;
inline constexpr int kNumSteps = 3;
}  // namespace fixed_reciprocal

inline int32_t FixedReciprocal(int32_t x) {
  using namespace fixed_reciprocal;
  const auto mul = [](int32_t a, int32_t b) { return Requantize(a, b, 0); };
  constexpr int64_t kHighest = std::numeric_limits<int32_t>::max();
  const auto half = static_cast<int32_t>((x + kHighest + 1) >> 1);
  int32_t inverse = k48Over17 + mul(half, kMinus32Over17);
  for (int i = 0; i < kNumSteps; ++i) {
    const int32_t error = mul(inverse, kOne - mul(half, inverse));
    inverse += ShiftLeft(error, 2);
  }
  const int64_t doubled = int64_t{inverse} * 2;
  return static_cast<int32_t>(doubled < kHighest ? doubled : kHighest);
}

}  // namespace tunefarm::compiler

#endif  // TUNEFARM_COMPILER_IR_FIXED_POINT_H_
