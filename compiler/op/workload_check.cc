#include "compiler/op/workload_check.h"

#include <cmath>
#include <initializer_list>

#include "absl/strings/str_format.h"
#include "base/status.h"

namespace tunefarm::compiler {
namespace {

absl::Status Bad(const std::string& message) { return absl::InvalidArgumentError(message); }

absl::Status CheckExtents(const Workload& w) {
  const struct {
    const char* name;
    int64_t value;
    int64_t low;
  } kExtents[] = {
      {"n", w.n, 1},
      {"h", w.h, 1},
      {"w", w.w, 1},
      {"c", w.c, 1},
      {"o (output channels)", w.oc, 1},
      {"k (kernel height)", w.kh, 1},
      {"k (kernel width)", w.kw, 1},
      {"s (stride h)", w.stride_h, 1},
      {"s (stride w)", w.stride_w, 1},
      {"p (top)", w.pad_top, 0},
      {"p (left)", w.pad_left, 0},
      {"p (bottom)", w.pad_bottom, 0},
      {"p (right)", w.pad_right, 0},
      {"d (dilation h)", w.dilation_h, 1},
      {"d (dilation w)", w.dilation_w, 1},
      {"g (groups)", w.groups, 1},
      {"m (multiplier)", w.multiplier, 1},
  };
  for (const auto& extent : kExtents) {
    if (extent.value < extent.low || extent.value > kMaxExtent) {
      return Bad(absl::StrFormat("%s is %d, must be %d to %d", extent.name, extent.value,
                                 extent.low, kMaxExtent));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckElems(const char* tensor, std::initializer_list<int64_t> extents) {
  __int128 elems = 1;
  for (int64_t extent : extents) {
    elems *= extent;
    if (elems > kMaxTensorElems) {
      return Bad(absl::StrFormat("the %s has more than %d elements", tensor, kMaxTensorElems));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckChannels(const Workload& w) {
  if (w.c % w.groups != 0 || w.oc % w.groups != 0) {
    return Bad(absl::StrFormat("g%d divides not both the %d input and the %d output channels",
                               w.groups, w.c, w.oc));
  }
  if (w.layout != Layout::kNchwc) return absl::OkStatus();
  if (w.op == OpKind::kDepthwiseConv2d) {
    return Bad("layout: depthwise_conv2d exists for nhwc and nchw only");
  }
  if (w.channel_block < 2 || w.channel_block > kMaxChannelBlock) {
    return Bad(absl::StrFormat("layout: a channel block of %d, must be 2 to %d", w.channel_block,
                               kMaxChannelBlock));
  }
  if (w.c % w.channel_block != 0 || w.oc % w.channel_block != 0) {
    return Bad(
        absl::StrFormat("layout: blocks of %d do not divide both the %d input and the %d "
                        "output channels",
                        w.channel_block, w.c, w.oc));
  }
  if (w.groups != 1) return Bad(absl::StrFormat("g%d: blocked layouts take one group", w.groups));
  return absl::OkStatus();
}

absl::Status CheckWindow(const char* dimension, int64_t padded, int64_t dilation, int64_t kernel) {
  const int64_t window = dilation * (kernel - 1) + 1;
  if (window <= padded) return absl::OkStatus();
  return Bad(absl::StrFormat("the output is empty: the kernel spans %d in %s, the padded input %d",
                             window, dimension, padded));
}

absl::Status CheckPooling(const Workload& w) {
  if (w.pad_top < w.kh && w.pad_bottom < w.kh && w.pad_left < w.kw && w.pad_right < w.kw) {
    return absl::OkStatus();
  }
  return Bad(
      absl::StrFormat("p%dx%dx%dx%d: padding of a pool must be smaller than its kernel %dx%d, else "
                      "a window is empty",
                      w.pad_top, w.pad_left, w.pad_bottom, w.pad_right, w.kh, w.kw));
}

absl::Status CheckSoftmax(const Workload& w) {
  if (w.op != OpKind::kSoftmax || w.dtype != DType::kS8 || w.c <= kMaxSoftmaxElems) {
    return absl::OkStatus();
  }
  return Bad(
      absl::StrFormat("softmax of %d elements in s8, at most %d: their sum has 12 integer bits",
                      w.c, kMaxSoftmaxElems));
}

absl::Status CheckBroadcast(const Workload& w) {
  if (w.broadcast == std::array<int64_t, 4>{0, 0, 0, 0}) return absl::OkStatus();
  if (w.layout == Layout::kNchwc) return Bad("b: broadcasting exists for nhwc and nchw only");
  const std::array<int64_t, 4> full = {w.n, w.h, w.w, w.c};
  const char kNames[] = "nhwc";
  for (size_t i = 0; i < full.size(); ++i) {
    if (w.broadcast[i] != 1 && w.broadcast[i] != full[i]) {
      return Bad(absl::StrFormat("b: %c of the second operand is %d, must be 1 or %d", kNames[i],
                                 w.broadcast[i], full[i]));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckEpilogue(const Workload& w) {
  const Epilogue& e = w.epilogue;
  const bool quantised = w.dtype == DType::kS8;
  const bool has_activation = e.activation != Epilogue::Activation::kNone;
  const char* op = Name(w.op);
  if ((e.bias || e.add || e.requant) && !HasWeights(w.op)) {
    return Bad(absl::StrFormat("epilogue: bias, requant and add do not exist for %s", op));
  }
  if (has_activation && !HasWeights(w.op) && w.op != OpKind::kAdd) {
    return Bad(absl::StrFormat("epilogue: %s takes none", op));
  }
  if (e.requant && !quantised) return Bad("epilogue: requant is for s8 only");
  if (e.add && quantised) return Bad("epilogue: add is for f32 only");
  if (e.activation == Epilogue::Activation::kRelu6 && quantised) {
    return Bad(
        "epilogue: relu6 is for f32 only; in s8 its bound depends on the output scale, which "
        "is not part of the key");
  }
  if (e.activation == Epilogue::Activation::kClip && quantised &&
      (e.clip_low != std::floor(e.clip_low) || e.clip_high != std::floor(e.clip_high) ||
       e.clip_low < -128 || e.clip_high > 127)) {
    return Bad(absl::StrFormat(
        "epilogue: clip bounds %g:%g of an s8 result are not integers in [-128, 127]", e.clip_low,
        e.clip_high));
  }
  return absl::OkStatus();
}

absl::Status CheckImages(const Workload& w) {
  const int64_t padded_h = w.h + w.pad_top + w.pad_bottom;
  const int64_t padded_w = w.w + w.pad_left + w.pad_right;
  TUNEFARM_RETURN_IF_ERROR(CheckWindow("h", padded_h, w.dilation_h, w.kh));
  TUNEFARM_RETURN_IF_ERROR(CheckWindow("w", padded_w, w.dilation_w, w.kw));
  TUNEFARM_RETURN_IF_ERROR(CheckElems("padded input", {w.n, padded_h, padded_w, w.c}));
  TUNEFARM_RETURN_IF_ERROR(CheckElems("output", {w.n, w.oh(), w.ow(), w.oc}));
  if (HasWeights(w.op)) {
    TUNEFARM_RETURN_IF_ERROR(CheckElems("weight tensor", {w.kh, w.kw, w.c / w.groups, w.oc}));
  }
  return absl::OkStatus();
}

}  // namespace

bool HasWeights(OpKind op) {
  return op == OpKind::kConv2d || op == OpKind::kDepthwiseConv2d || op == OpKind::kDense ||
         op == OpKind::kMatmul;
}

bool IsPool(OpKind op) { return op == OpKind::kMaxPool2d || op == OpKind::kAvgPool2d; }

absl::Status CheckWorkload(const Workload& w) {
  TUNEFARM_RETURN_IF_ERROR(CheckExtents(w));
  TUNEFARM_RETURN_IF_ERROR(CheckElems("input", {w.n, w.h, w.w, w.c}));
  TUNEFARM_RETURN_IF_ERROR(CheckChannels(w));
  if (w.layout != Layout::kNone) {
    TUNEFARM_RETURN_IF_ERROR(CheckImages(w));
  } else {
    TUNEFARM_RETURN_IF_ERROR(CheckElems("output", {w.n, w.oc}));
    if (HasWeights(w.op)) TUNEFARM_RETURN_IF_ERROR(CheckElems("weight tensor", {w.c, w.oc}));
  }
  if (IsPool(w.op)) TUNEFARM_RETURN_IF_ERROR(CheckPooling(w));
  TUNEFARM_RETURN_IF_ERROR(CheckSoftmax(w));
  TUNEFARM_RETURN_IF_ERROR(CheckBroadcast(w));
  return CheckEpilogue(w);
}

}  // namespace tunefarm::compiler
