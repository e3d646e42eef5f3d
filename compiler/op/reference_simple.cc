// Operators without weights: pools, add, relu.
#include <algorithm>
#include <limits>

#include "compiler/op/reference_families.h"
#include "compiler/op/reference_quantize.h"
#include "compiler/op/reference_tensor.h"

namespace tunefarm::compiler {
namespace {

std::array<int64_t, 4> InExtents(const Workload& w) { return {w.n, w.h, w.w, w.c}; }

float Average(double sum, int64_t count) {
  return static_cast<float>(sum / static_cast<double>(count));
}

// tflite::reference_integer_ops::AveragePool: to nearest, halves away from zero.
int8_t Average(int32_t sum, int64_t count) {
  const int32_t num = static_cast<int32_t>(count);
  const int32_t rounded = sum > 0 ? (sum + num / 2) / num : (sum - num / 2) / num;
  return ClampToS8(rounded, QuantisedRange());
}

// Calls fn(element of the padded window that lies inside the image) for output (n, oh, ow, c).
template <typename T, typename Fn>
void ForEachTap(const Workload& w, const std::vector<T>& in, const std::array<int64_t, 4>& at,
                Fn&& fn) {
  const auto [n, oh, ow, c] = at;
  for (int64_t kh = 0; kh < w.kh; ++kh) {
    const int64_t h = oh * w.stride_h - w.pad_top + kh;
    if (h < 0 || h >= w.h) continue;
    for (int64_t kw = 0; kw < w.kw; ++kw) {
      const int64_t width = ow * w.stride_w - w.pad_left + kw;
      if (width < 0 || width >= w.w) continue;
      fn(in[static_cast<size_t>(((n * w.h + h) * w.w + width) * w.c + c)]);
    }
  }
}

template <typename T, typename Sum>
T Pooled(const Workload& w, const std::vector<T>& in, const std::array<int64_t, 4>& at) {
  if (w.op == OpKind::kMaxPool2d) {
    using Limits = std::numeric_limits<T>;
    T best = Limits::has_infinity ? -Limits::infinity() : Limits::lowest();
    ForEachTap(w, in, at, [&](T element) { best = std::max(best, element); });
    return best;
  }
  Sum sum = 0;
  int64_t count = 0;
  ForEachTap(w, in, at, [&](T element) {
    sum += element;
    ++count;
  });
  return Average(sum, count);
}

template <typename T, typename Sum>
TensorBytes Pool(const Workload& w, const TensorBytes& bytes) {
  const std::vector<T> in = ReadImage<T>(w, InExtents(w), bytes);
  const std::array<int64_t, 4> out_extents = {w.n, w.oh(), w.ow(), w.c};
  std::vector<T> out;
  for (int64_t n = 0; n < w.n; ++n) {
    for (int64_t oh = 0; oh < w.oh(); ++oh) {
      for (int64_t ow = 0; ow < w.ow(); ++ow) {
        for (int64_t c = 0; c < w.c; ++c) out.push_back(Pooled<T, Sum>(w, in, {n, oh, ow, c}));
      }
    }
  }
  return WriteImage(w, out_extents, out);
}

// Applies fn(element of a, element of b) with b broadcast.
template <typename T, typename Fn>
TensorBytes Elementwise(const Workload& w, const NamedTensors& tensors, Fn&& fn) {
  const bool same_shape = w.broadcast[0] == 0;
  const std::array<int64_t, 4> b_extents = same_shape ? InExtents(w) : w.broadcast;
  const std::vector<T> a = ReadImage<T>(w, InExtents(w), *tensors.at("a"));
  const std::vector<T> b = ReadImage<T>(w, b_extents, *tensors.at("b"));
  std::vector<T> out(a.size());
  for (int64_t i = 0; i < static_cast<int64_t>(a.size()); ++i) {
    const int64_t at[4] = {i / (w.c * w.w * w.h), i / (w.c * w.w) % w.h, i / w.c % w.w, i % w.c};
    int64_t of_b = 0;
    for (size_t d = 0; d < 4; ++d) of_b = of_b * b_extents[d] + (b_extents[d] == 1 ? 0 : at[d]);
    out[static_cast<size_t>(i)] = fn(a[static_cast<size_t>(i)], b[static_cast<size_t>(of_b)]);
  }
  return WriteImage(w, InExtents(w), out);
}

TensorBytes AddFloats(const Workload& w, const NamedTensors& tensors) {
  const ActivationBounds bounds = BoundsOf(w.epilogue);
  return Elementwise<float>(w, tensors, [&](float a, float b) {
    return std::min(std::max(a + b, bounds.low), bounds.high);
  });
}

// tflite::reference_integer_ops::AddElementwise with a left shift of 20.
TensorBytes AddQuantised(const Workload& w, const NamedTensors& tensors) {
  const std::vector<int32_t> multipliers = FromBytes<int32_t>(*tensors.at("multipliers"));
  const std::vector<int32_t> shifts = FromBytes<int32_t>(*tensors.at("shifts"));
  const std::vector<int32_t> zero_points = FromBytes<int32_t>(*tensors.at("zero_points"));
  const QuantisedRange range = QuantisedBounds(w.epilogue, zero_points[2]);
  return Elementwise<int8_t>(w, tensors, [&](int8_t a, int8_t b) {
    const int32_t scaled_a =
        MultiplyByQuantizedMultiplier((a - zero_points[0]) * (1 << 20), multipliers[0], shifts[0]);
    const int32_t scaled_b =
        MultiplyByQuantizedMultiplier((b - zero_points[1]) * (1 << 20), multipliers[1], shifts[1]);
    const int32_t sum =
        MultiplyByQuantizedMultiplier(WrappingAdd(scaled_a, scaled_b), multipliers[2], shifts[2]);
    return ClampToS8(WrappingAdd(sum, zero_points[2]), range);
  });
}

}  // namespace

TensorBytes ReferencePool(const Workload& w, const NamedTensors& tensors) {
  const TensorBytes& in = *tensors.at("in");
  return w.dtype == DType::kF32 ? Pool<float, double>(w, in) : Pool<int8_t, int32_t>(w, in);
}

TensorBytes ReferenceAdd(const Workload& w, const NamedTensors& tensors) {
  return w.dtype == DType::kF32 ? AddFloats(w, tensors) : AddQuantised(w, tensors);
}

TensorBytes ReferenceRelu(const Workload& w, const NamedTensors& tensors) {
  const TensorBytes& in = *tensors.at("in");
  if (w.dtype == DType::kF32) {
    std::vector<float> values = FromBytes<float>(in);
    for (float& value : values) value = std::max(value, 0.0f);
    return ToBytes(values);
  }
  const int32_t zero_point = FromBytes<int32_t>(*tensors.at("zero_points"))[0];
  std::vector<int8_t> values = FromBytes<int8_t>(in);
  for (int8_t& value : values) value = ClampToS8(value, {std::max(-128, zero_point), 127});
  return ToBytes(values);
}

}  // namespace tunefarm::compiler
