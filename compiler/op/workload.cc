#include "compiler/op/workload.h"

#include <algorithm>
#include <limits>

#include "base/status.h"

namespace tunefarm::compiler {
namespace {

int64_t OutputExtent(int64_t in, int64_t pads, int64_t dilation, int64_t kernel, int64_t stride) {
  return (in + pads - dilation * (kernel - 1) - 1) / stride + 1;
}

// The number of (output position, tap) pairs along one dimension whose tap lies inside the image.
int64_t TapsInside(int64_t in, int64_t out, int64_t pad_before, int64_t dilation, int64_t kernel,
                   int64_t stride) {
  int64_t taps = 0;
  for (int64_t k = 0; k < kernel; ++k) {
    // Positions o with 0 <= o x stride + offset < in.
    const int64_t offset = k * dilation - pad_before;
    const int64_t first = offset >= 0 ? 0 : (-offset + stride - 1) / stride;
    const int64_t end = offset >= in ? 0 : std::min(out, (in - offset - 1) / stride + 1);
    taps += std::max<int64_t>(0, end - first);
  }
  return taps;
}

bool IsMatrixProduct(OpKind op) { return op == OpKind::kDense || op == OpKind::kMatmul; }
bool IsConvolution(OpKind op) { return op == OpKind::kConv2d || op == OpKind::kDepthwiseConv2d; }

// Multiply-accumulates per output pixel and kernel tap.
int64_t MacsPerTap(const Workload& w) {
  return w.op == OpKind::kConv2d ? w.oc * (w.c / w.groups) : w.oc;
}

}  // namespace

ActivationBounds BoundsOf(const Epilogue& epilogue) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  switch (epilogue.activation) {
    case Epilogue::Activation::kNone:
      break;
    case Epilogue::Activation::kRelu:
      return {0, kInfinity};
    case Epilogue::Activation::kRelu6:
      return {0, 6};
    case Epilogue::Activation::kClip:
      return {epilogue.clip_low, epilogue.clip_high};
  }
  return {-kInfinity, kInfinity};
}

int64_t Workload::oh() const {
  return OutputExtent(h, pad_top + pad_bottom, dilation_h, kh, stride_h);
}

int64_t Workload::ow() const {
  return OutputExtent(w, pad_left + pad_right, dilation_w, kw, stride_w);
}

int64_t Workload::num_macs() const {
  if (IsMatrixProduct(op)) return n * c * oc;
  if (!IsConvolution(op)) return 0;
  return n * oh() * ow() * kh * kw * MacsPerTap(*this);
}

int64_t Workload::num_effective_macs() const {
  if (!IsConvolution(op)) return num_macs();
  const int64_t rows = TapsInside(h, oh(), pad_top, dilation_h, kh, stride_h);
  const int64_t columns = TapsInside(w, ow(), pad_left, dilation_w, kw, stride_w);
  return n * rows * columns * MacsPerTap(*this);
}

const char* Name(OpKind op) {
  switch (op) {
    case OpKind::kConv2d:
      return "conv2d";
    case OpKind::kDepthwiseConv2d:
      return "depthwise_conv2d";
    case OpKind::kDense:
      return "dense";
    case OpKind::kMatmul:
      return "matmul";
    case OpKind::kMaxPool2d:
      return "max_pool2d";
    case OpKind::kAvgPool2d:
      return "avg_pool2d";
    case OpKind::kAdd:
      return "add";
    case OpKind::kRelu:
      return "relu";
    case OpKind::kSoftmax:
      return "softmax";
  }
  TUNEFARM_CHECK(false, "Name of an unknown operator");
}

}  // namespace tunefarm::compiler
