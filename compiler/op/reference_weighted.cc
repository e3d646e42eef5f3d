// Operators with weights. All are one grouped convolution: depthwise has as many groups as input
// channels, a matrix product is a 1x1 convolution over an image of 1x1 pixels per row.
#include <algorithm>

#include "compiler/op/reference_families.h"
#include "compiler/op/reference_quantize.h"
#include "compiler/op/reference_tensor.h"

namespace tunefarm::compiler {
namespace {

bool IsMatrixProduct(const Workload& w) {
  return w.op == OpKind::kDense || w.op == OpKind::kMatmul;
}

std::array<int64_t, 4> OutExtents(const Workload& w) {
  if (IsMatrixProduct(w)) return {w.n, 1, 1, w.oc};
  return {w.n, w.oh(), w.ow(), w.oc};
}

// acc[i] += a * weights[i]. On its own so that the compiler sees a loop without aliases and
// vectorises it. Integers wrap.
inline void Accumulate(double a, const double* __restrict weights, int64_t count,
                       double* __restrict acc) {
  for (int64_t i = 0; i < count; ++i) acc[i] += a * weights[i];
}

inline void Accumulate(int32_t a, const int32_t* __restrict weights, int64_t count,
                       int32_t* __restrict acc) {
  for (int64_t i = 0; i < count; ++i) {
    acc[i] = static_cast<int32_t>(static_cast<uint32_t>(acc[i]) +
                                  static_cast<uint32_t>(a) * static_cast<uint32_t>(weights[i]));
  }
}

// The sums of one output pixel: all channels at once, so that the innermost loop runs over
// contiguous weights.
template <typename T>
void SumPixel(const Workload& w, int64_t groups, const T* image, const T* weights, int64_t oh,
              int64_t ow, T* acc) {
  const int64_t group_c = w.c / groups;
  const int64_t group_oc = w.oc / groups;
  std::fill(acc, acc + w.oc, T{0});
  for (int64_t kh = 0; kh < w.kh; ++kh) {
    const int64_t h = oh * w.stride_h - w.pad_top + kh * w.dilation_h;
    if (h < 0 || h >= w.h) continue;
    for (int64_t kw = 0; kw < w.kw; ++kw) {
      const int64_t width = ow * w.stride_w - w.pad_left + kw * w.dilation_w;
      if (width < 0 || width >= w.w) continue;
      const T* pixel = image + (h * w.w + width) * w.c;
      const T* tap = weights + (kh * w.kw + kw) * group_c * w.oc;
      for (int64_t g = 0; g < groups; ++g) {
        for (int64_t ic = 0; ic < group_c; ++ic) {
          Accumulate(pixel[g * group_c + ic], tap + ic * w.oc + g * group_oc, group_oc,
                     acc + g * group_oc);
        }
      }
    }
  }
}

// Calls finish(acc of oc channels, index of the pixel's first channel in n oh ow oc order) for each
// output pixel.
template <typename T, typename Fn>
void ForEachPixel(const Workload& w, const std::vector<T>& in, const std::vector<T>& weights,
                  Fn&& finish) {
  const auto [num_n, num_oh, num_ow, num_oc] = OutExtents(w);
  const int64_t groups = w.op == OpKind::kDepthwiseConv2d ? w.c : w.groups;
  std::vector<T> acc(static_cast<size_t>(num_oc));
  int64_t first = 0;
  for (int64_t n = 0; n < num_n; ++n) {
    for (int64_t oh = 0; oh < num_oh; ++oh) {
      for (int64_t ow = 0; ow < num_ow; ++ow, first += num_oc) {
        const T* image = in.data() + n * w.h * w.w * w.c;
        SumPixel(w, groups, image, weights.data(), oh, ow, acc.data());
        finish(acc, first);
      }
    }
  }
}

template <typename T>
std::vector<T> ReadIn(const Workload& w, const NamedTensors& tensors) {
  const bool matmul = w.op == OpKind::kMatmul;
  return ReadImage<T>(w, {w.n, w.h, w.w, w.c}, *tensors.at(matmul ? "a" : "in"));
}

template <typename T>
std::vector<T> ReadW(const Workload& w, const NamedTensors& tensors) {
  return ReadWeights<T>(w, *tensors.at(w.op == OpKind::kMatmul ? "b" : "w"));
}

// A tensor that the epilogue may lack: empty then.
template <typename T>
std::vector<T> ReadOptional(const NamedTensors& tensors, const std::string& name) {
  const auto it = tensors.find(name);
  return it == tensors.end() ? std::vector<T>() : FromBytes<T>(*it->second);
}

TensorBytes FloatOutput(const Workload& w, const NamedTensors& tensors) {
  const std::vector<float> in = ReadIn<float>(w, tensors);
  const std::vector<float> weights = ReadW<float>(w, tensors);
  const std::vector<float> bias = ReadOptional<float>(tensors, "bias");
  const ActivationBounds bounds = BoundsOf(w.epilogue);
  const std::array<int64_t, 4> out_extents = OutExtents(w);
  std::vector<float> residual;
  if (w.epilogue.add) residual = ReadImage<float>(w, out_extents, *tensors.at("residual"));

  std::vector<float> out(static_cast<size_t>(w.n * out_extents[1] * out_extents[2] * w.oc));
  const std::vector<double> wide_in(in.begin(), in.end());
  const std::vector<double> wide_weights(weights.begin(), weights.end());
  ForEachPixel(w, wide_in, wide_weights, [&](const std::vector<double>& acc, int64_t first) {
    for (int64_t oc = 0; oc < w.oc; ++oc) {
      double value = acc[oc];
      if (w.epilogue.bias) value += bias[oc];
      if (w.epilogue.add) value += residual[first + oc];
      value = std::min<double>(std::max<double>(value, bounds.low), bounds.high);
      out[first + oc] = static_cast<float>(value);
    }
  });
  return WriteImage(w, out_extents, out);
}

TensorBytes QuantisedOutput(const Workload& w, const NamedTensors& tensors) {
  const std::vector<int8_t> in = ReadIn<int8_t>(w, tensors);
  const std::vector<int8_t> weights = ReadW<int8_t>(w, tensors);
  const std::vector<int32_t> bias = ReadOptional<int32_t>(tensors, "bias");
  const std::vector<int32_t> multiplier = FromBytes<int32_t>(*tensors.at("multiplier"));
  const std::vector<int32_t> shift = FromBytes<int32_t>(*tensors.at("shift"));
  const std::vector<int32_t> zero_points = FromBytes<int32_t>(*tensors.at("zero_points"));
  const QuantisedRange range = QuantisedBounds(w.epilogue, zero_points[1]);

  std::vector<int32_t> centred(in.begin(), in.end());
  for (int32_t& value : centred) value -= zero_points[0];
  const std::array<int64_t, 4> out_extents = OutExtents(w);
  std::vector<int8_t> out(static_cast<size_t>(w.n * out_extents[1] * out_extents[2] * w.oc));
  const std::vector<int32_t> wide_weights(weights.begin(), weights.end());
  ForEachPixel(w, centred, wide_weights, [&](const std::vector<int32_t>& acc, int64_t first) {
    for (int64_t oc = 0; oc < w.oc; ++oc) {
      const int32_t sum = w.epilogue.bias ? WrappingAdd(acc[oc], bias[oc]) : acc[oc];
      const int32_t scaled = WrappingAdd(
          MultiplyByQuantizedMultiplier(sum, multiplier[oc], shift[oc]), zero_points[1]);
      out[first + oc] = ClampToS8(scaled, range);
    }
  });
  return WriteImage(w, out_extents, out);
}

}  // namespace

TensorBytes ReferenceWeighted(const Workload& workload, const NamedTensors& tensors) {
  return workload.dtype == DType::kF32 ? FloatOutput(workload, tensors)
                                       : QuantisedOutput(workload, tensors);
}

}  // namespace tunefarm::compiler
