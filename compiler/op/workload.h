// A workload: an operator with every shape, stride and dtype fixed, and its one canonical text key.
//
//   operator/dtype/layout/input shape/parameters[/epilogue]
//   conv2d/f32/nhwc/1x56x56x64/o64k3x3s1x1p1x1d1x1g1/bias+relu
//   conv2d/s8/nhwc/1x25x5x64/o64k1x1/bias+requant+relu
//   depthwise_conv2d/f32/nhwc/1x112x112x32/k3x3s1x1p1x1          channel multiplier m1 by default
//   dense/f32/1x512/o1000/bias        matmul/f32/512x512x512 (m x n x k)
//   max_pool2d/f32/nhwc/1x112x112x64/k3x3s2x2p1x1     avg_pool2d/...
//   add/s8/nhwc/1x32x32x16     add/f32/nhwc/1x32x32x16/b1x1x1x16 (second operand broadcast)
//   relu/f32/nhwc/...
//   softmax/s8/1x10 (batch x elements: over the elements of each)
//
// dense, matmul, softmax have no layout part. Parsing fills defaults, printing is canonical, the
// round trip is exact.
#ifndef TUNEFARM_COMPILER_OP_WORKLOAD_H_
#define TUNEFARM_COMPILER_OP_WORKLOAD_H_

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "compiler/ir/type.h"

namespace tunefarm::compiler {

enum class OpKind {
  kConv2d,
  kDepthwiseConv2d,
  kDense,
  kMatmul,
  kMaxPool2d,
  kAvgPool2d,
  kAdd,
  kRelu,
  kSoftmax
};

// Where the channels stand in memory. kNchwc is blocked: n, c / block, h, w, c % block; "nchw16c"
// for a block of 16.
enum class Layout { kNone, kNhwc, kNchw, kNchwc };

// Applied to the result in this order: bias, requant, add (a second tensor), relu | relu6 | clip.
// In a key: "bias+relu", "bias+clip-1:0.5" (bounds low:high; in s8 integers of the output's scale).
struct Epilogue {
  bool bias = false;
  bool requant = false;  // s8 only, and there always present where the result is s8: s32 -> s8,
                         // TFLite's arithmetic.
  bool add = false;      // Residual: a tensor of the output's shape is added (f32 only).
  enum class Activation { kNone, kRelu, kRelu6, kClip } activation = Activation::kNone;
  float clip_low = 0, clip_high = 0;  // kClip only; finite, low < high.
  bool operator==(const Epilogue&) const = default;
};

// The range in which the activation leaves a value, infinite where there is no bound. For s8 only a
// clip's bounds are of use, relu's is the output zero point.
struct ActivationBounds {
  float low = 0, high = 0;
};
ActivationBounds BoundsOf(const Epilogue& epilogue);

struct Workload {
  OpKind op = OpKind::kConv2d;
  DType dtype = DType::kF32;  // kF32 or kS8.
  Layout layout = Layout::kNone;
  int64_t channel_block = 0;  // kNchwc only.

  // Of the input. Images: n, h, w, c always in this order whatever the layout. dense,
  // softmax: n = batch, c = inputs. matmul: n = m, c = k.
  int64_t n = 1, h = 1, w = 1, c = 1;
  // Output channels (conv2d), outputs (dense), n (matmul). For depthwise: c x multiplier. Pools,
  // elementwise: c.
  int64_t oc = 1;
  int64_t kh = 1, kw = 1;
  int64_t stride_h = 1, stride_w = 1;
  int64_t pad_top = 0, pad_left = 0, pad_bottom = 0, pad_right = 0;
  int64_t dilation_h = 1, dilation_w = 1;
  int64_t groups = 1;
  int64_t multiplier = 1;  // depthwise: output channels per input channel.
  std::array<int64_t, 4> broadcast = {
      0, 0, 0, 0};  // add: n, h, w, c of the second operand; zeros: the same shape.
  Epilogue epilogue;

  bool operator==(const Workload&) const = default;

  // Output height and width: floor((in + pads - dilation x (k - 1) - 1) / stride) + 1. Images only.
  int64_t oh() const;
  int64_t ow() const;
  // Multiply-accumulates by the nominal formula: every kernel tap counts, also where it meets
  // padding. 0 for pools and elementwise operators.
  int64_t num_macs() const;
  // Multiply-accumulates that meet real input, not padding: what an implementation that skips
  // padding executes.
  int64_t num_effective_macs() const;
};

// Errors: kInvalidArgument that quotes the part that is wrong, the value met and the bound. Every
// extent is in [1, 2^24], the tensors hold at most 2^31 elements each, the output is not empty,
// groups divide c and oc.
absl::StatusOr<Workload> ParseWorkload(const std::string& key);

// The canonical key: ParseWorkload(Print(w)) == w.
std::string Print(const Workload& workload);

// "conv2d", "depthwise_conv2d", ...
const char* Name(OpKind op);

// The layers of a network by name ("resnet18", "mobilenet_v1"; batch 1, 224x224, f32), each
// distinct workload once with the number of times it occurs. Errors: kNotFound that lists the known
// names.
struct ModelLayer {
  Workload workload;
  int count = 1;
};
absl::StatusOr<std::vector<ModelLayer>> LayersOfModel(const std::string& model);

}  // namespace tunefarm::compiler

#endif  // TUNEFARM_COMPILER_OP_WORKLOAD_H_
