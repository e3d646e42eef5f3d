// softmax as the reference computes it: in s8 TFLite's reference_ops::Softmax with the functions of
// gemmlowp's fixedpoint.h that it calls, written apart from the IR's intrinsics
// (ir/fixed_point.h) on purpose: tests compare the two.
#include <algorithm>
#include <cmath>
#include <limits>

#include "compiler/op/reference_families.h"
#include "compiler/op/reference_quantize.h"
#include "compiler/op/reference_tensor.h"

namespace tunefarm::compiler {
namespace {

constexpr int32_t kHighest = std::numeric_limits<int32_t>::max();

// Both at the scale of Q0.31.
int32_t Product(int32_t a, int32_t b) { return SaturatingRoundingDoublingHighMul(a, b); }

// x * 2^bits, saturated.
int32_t SaturatingShift(int32_t x, int bits) {
  const int64_t wide = static_cast<int64_t>(x) * (int64_t{1} << bits);
  return static_cast<int32_t>(
      std::clamp<int64_t>(wide, std::numeric_limits<int32_t>::min(), kHighest));
}

// e^a for a in [-1/4, 0), Q0.31: Taylor's series of degree four around -1/8.
int32_t ExpNearMinusEighth(int32_t a) {
  const int32_t exp_of_centre = 1895147668, third = 715827883;
  const int32_t x = a + (1 << 28);
  const int32_t x2 = Product(x, x);
  const int32_t x3 = Product(x2, x);
  const int32_t x4 = Product(x2, x2);
  const int32_t quarter_x4 = RoundingDivideByPot(x4, 2);
  const int32_t tail = RoundingDivideByPot(Product(quarter_x4 + x3, third) + x2, 1);
  return exp_of_centre + Product(exp_of_centre, x + tail);
}

// e^a for a <= 0 in Q5.26, as Q0.31.
int32_t ExpOfNegative(int32_t a) {
  const int32_t one_quarter = 1 << 24;
  const int32_t in_quarter = (a & (one_quarter - 1)) - one_quarter;
  int32_t result = ExpNearMinusEighth(SaturatingShift(in_quarter, 5));
  // How many quarters, halves, ones, ... are left, and e to the power of each.
  const int64_t left = static_cast<int64_t>(in_quarter) - a;
  const struct {
    int exponent;
    int32_t factor;
  } kPowers[] = {{-2, 1672461947}, {-1, 1302514674}, {0, 790015084}, {1, 290630308},
                 {2, 39332535},    {3, 720401},      {4, 242}};
  for (const auto& power : kPowers) {
    if ((left & (int64_t{1} << (26 + power.exponent))) != 0) result = Product(result, power.factor);
  }
  return a == 0 ? kHighest : result;
}

// 1 / (1 + a) for a in [0, 1), both Q0.31.
int32_t OneOverOnePlus(int32_t a) {
  const int32_t half_denominator =
      static_cast<int32_t>((static_cast<int64_t>(a) + kHighest + 1) / 2);
  int32_t x = 1515870810 + Product(half_denominator, -1010580540);  // Q2.29
  for (int i = 0; i < 3; ++i) {
    const int32_t miss = (1 << 29) - Product(half_denominator, x);
    x += SaturatingShift(Product(x, miss), 2);  // Q4.27 to Q2.29
  }
  return SaturatingShift(x, 1);
}

int LeadingZeros(int32_t x) {
  int zeros = 0;
  for (uint32_t bits = static_cast<uint32_t>(x); zeros < 32 && (bits & 0x80000000u) == 0;
       bits <<= 1) {
    ++zeros;
  }
  return zeros;
}

struct Scaling {
  int32_t multiplier, shift, diff_min;
};

// One row; e^x counts as zero below diff_min.
void SoftmaxRow(const Scaling& scaling, const int8_t* in, int64_t num, int8_t* out) {
  constexpr int kAccumulationIntegerBits = 12;
  const int32_t max = *std::max_element(in, in + num);
  const auto exp_of = [&](int32_t diff) {
    return ExpOfNegative(MultiplyByQuantizedMultiplier(diff, scaling.multiplier, scaling.shift));
  };
  int32_t sum = 0;
  for (int64_t i = 0; i < num; ++i) {
    if (in[i] - max < scaling.diff_min) continue;
    sum += RoundingDivideByPot(exp_of(in[i] - max), kAccumulationIntegerBits);
  }
  const int zeros = LeadingZeros(sum);
  const int bits_over_unit = kAccumulationIntegerBits - zeros;
  const int32_t scale = OneOverOnePlus(
      static_cast<int32_t>((static_cast<uint32_t>(sum) << zeros) - (uint32_t{1} << 31)));
  const int exponent = bits_over_unit + 31 - 8;
  for (int64_t i = 0; i < num; ++i) {
    int32_t value = 0;
    // Above 31 the quotient is below one half; TFLite leaves that case to the processor's shift.
    if (in[i] - max >= scaling.diff_min && exponent <= 31) {
      value = RoundingDivideByPot(Product(scale, exp_of(in[i] - max)), exponent);
    }
    out[i] = ClampToS8(value - 128, QuantisedRange());
  }
}

}  // namespace

TensorBytes ReferenceSoftmax(const Workload& w, const NamedTensors& tensors) {
  const TensorBytes& bytes = *tensors.at("in");
  if (w.dtype == DType::kS8) {
    const auto scalar = [&](const char* name) { return FromBytes<int32_t>(*tensors.at(name))[0]; };
    const Scaling scaling = {scalar("multiplier"), scalar("shift"), scalar("diff_min")};
    const std::vector<int8_t> in = FromBytes<int8_t>(bytes);
    std::vector<int8_t> out(in.size());
    for (int64_t n = 0; n < w.n; ++n) {
      SoftmaxRow(scaling, &in[static_cast<size_t>(n * w.c)], w.c,
                 &out[static_cast<size_t>(n * w.c)]);
    }
    return ToBytes(out);
  }
  std::vector<float> values = FromBytes<float>(bytes);
  for (auto row = values.begin(); row != values.end(); row += w.c) {
    const double max = *std::max_element(row, row + w.c);
    double sum = 0;
    std::for_each(row, row + w.c, [&](float x) { sum += std::exp(x - max); });
    std::transform(row, row + w.c, row,
                   [&](float x) { return static_cast<float>(std::exp(x - max) / sum); });
  }
  return ToBytes(values);
}

}  // namespace tunefarm::compiler
