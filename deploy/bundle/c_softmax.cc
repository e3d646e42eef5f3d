#include "deploy/bundle/c_softmax.h"

#include "absl/strings/str_format.h"

namespace tunefarm::deploy {
namespace {

constexpr char kFloatRow[] = R"c(    real max = x[0], sum = 0;
    for (int64_t i = 0; i < %d; ++i) max = x[i] > max ? x[i] : max;
    for (int64_t i = 0; i < %d; ++i) sum += exp_of(x[i] - max);
    for (int64_t i = 0; i < %d; ++i) out[n * %d + i] = (float)(exp_of(x[i] - max) / sum);
)c";

constexpr char kQuantisedRow[] = R"c(    int32_t max = -128, sum = 0;
    for (int64_t i = 0; i < %d; ++i) max = x[i] > max ? x[i] : max;
    for (int64_t i = 0; i < %d; ++i) {
      if (x[i] - max < diff_min[0]) continue;
      sum += divide_by_power_of_two(fixed_exp(rescale(x[i] - max, multiplier[0], shift[0])), 12);
    }
    int zeros = 0;
    while (zeros < 31 && ((uint32_t)sum << zeros & 0x80000000u) == 0) ++zeros;
    const int32_t scale = fixed_reciprocal((int32_t)(((uint32_t)sum << zeros) - 0x80000000u));
    for (int64_t i = 0; i < %d; ++i) {
      int32_t value = 0;
      if (x[i] - max >= diff_min[0] && 35 - zeros <= 31) {
        value = high_mul(scale, fixed_exp(rescale(x[i] - max, multiplier[0], shift[0])));
        value = divide_by_power_of_two(value, 35 - zeros);
      }
      out[n * %d + i] = clamp(value - 128, -128, 127);
    }
)c";

}  // namespace

const char kCHostedExp[] = R"c(static real exp_of(real x) { return exp(x); }

)c";

const char kCFloatExp[] =
    R"c(/* e^x = 2^n e^r with |r| <= ln 2 / 2; ln 2 in two parts, so that n of them are exact. */
static real exp_of(real x) {
  if (x < -87) return 0;
  const int32_t n = (int32_t)(x * 1.44269504f - 0.5f);
  const float r = (x - (float)n * 0.693359375f) + (float)n * 2.12194440e-4f;
  const float tail = 1 / 6.0f + r * (1 / 24.0f + r * (1 / 120.0f + r * (1 / 720.0f)));
  const union { uint32_t bits; float value; } power = {(uint32_t)(n + 127) << 23};
  return power.value * (1 + r * (1 + r * (0.5f + r * tail)));
}

)c";

const char kCFixedExp[] = R"c(/* e^x for x <= 0 with 26 fractional bits; the result has 31. */
static int32_t fixed_exp(int32_t x) {
  static const int32_t factors[] = {1672461947, 1302514674, 790015084, 290630308,
                                    39332535, 720401, 242};
  const int32_t quarter = 1 << 24;
  const int32_t rest = (x & (quarter - 1)) - quarter;
  const int32_t y = rest * 32 + (1 << 28);
  const int32_t y2 = high_mul(y, y), y3 = high_mul(y2, y), y4 = high_mul(y2, y2);
  const int32_t cubic = high_mul(divide_by_power_of_two(y4, 2) + y3, 715827883);
  const int32_t tail = divide_by_power_of_two(cubic + y2, 1);
  int32_t result = 1895147668 + high_mul(1895147668, y + tail);
  const uint32_t quarters = ((uint32_t)rest - (uint32_t)x) >> 24;
  for (int i = 0; i < 7; ++i) {
    if (quarters >> i & 1) result = high_mul(result, factors[i]);
  }
  return x == 0 ? INT32_MAX : result;
}

/* 1 / (1 + x) for x in [0, 1), both with 31 fractional bits. */
static int32_t fixed_reciprocal(int32_t x) {
  const int32_t half = (int32_t)(((int64_t)x + INT32_MAX + 1) / 2);
  int32_t y = 1515870810 + high_mul(half, -1010580540);
  for (int i = 0; i < 3; ++i) y += 4 * high_mul(y, (1 << 29) - high_mul(half, y));
  return y > INT32_MAX / 2 ? INT32_MAX : 2 * y;
}

)c";

std::string CSoftmaxBody(const compiler::Workload& w) {
  const bool is_float = w.dtype == compiler::DType::kF32;
  std::string text = absl::StrFormat("  for (int64_t n = 0; n < %d; ++n) {\n", w.n);
  text += absl::StrFormat("    const %s* x = in + n * %d;\n", is_float ? "float" : "int8_t", w.c);
  text += is_float ? absl::StrFormat(kFloatRow, w.c, w.c, w.c, w.c)
                   : absl::StrFormat(kQuantisedRow, w.c, w.c, w.c, w.c);
  return text + "  }\n";
}

}  // namespace tunefarm::deploy
