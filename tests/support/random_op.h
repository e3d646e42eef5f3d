// Random workloads for property tests: every operator, dtype and layout, awkward extents (ones,
// primes, windows wider than the image, lopsided padding), small enough to interpret.
#ifndef TUNEFARM_TESTS_SUPPORT_RANDOM_OP_H_
#define TUNEFARM_TESTS_SUPPORT_RANDOM_OP_H_

#include <algorithm>
#include <cstdint>
#include <vector>

#include "base/rng.h"
#include "compiler/op/workload.h"

namespace tunefarm::testing {

struct RandomOpBounds {
  int64_t max_image = 11;     // Height and width.
  int64_t max_channels = 19;  // Also rows and columns of matrices.
  int64_t max_kernel = 4;
  int64_t max_work = 60000;  // Multiply-accumulates; window elements of pools.
  // What to draw from; empty: everything.
  std::vector<compiler::OpKind> ops;
  std::vector<compiler::Layout> layouts;
};

namespace random_op_internal {

using compiler::DType;
using compiler::Epilogue;
using compiler::Layout;
using compiler::OpKind;
using compiler::Workload;

inline int64_t Between(base::Rng& rng, int64_t low, int64_t high) {
  return low + static_cast<int64_t>(rng.Below(static_cast<uint64_t>(high - low + 1)));
}
inline bool OneIn(base::Rng& rng, uint64_t n) { return rng.Below(n) == 0; }

template <typename T>
T Pick(base::Rng& rng, const std::vector<T>& from) {
  return from[rng.Below(from.size())];
}

// Ones often, and everything up to `max`.
inline int64_t Extent(base::Rng& rng, int64_t max) {
  return OneIn(rng, 6) ? 1 : Between(rng, 1, max);
}

inline void DrawWindow(base::Rng& rng, const RandomOpBounds& bounds, bool pool, Workload* w) {
  w->kh = Extent(rng, bounds.max_kernel);
  w->kw = Extent(rng, bounds.max_kernel);
  w->stride_h = OneIn(rng, 2) ? 1 : Between(rng, 1, 3);
  w->stride_w = OneIn(rng, 2) ? 1 : Between(rng, 1, 3);
  if (!pool && OneIn(rng, 3)) {
    w->dilation_h = Between(rng, 1, 3);
    w->dilation_w = Between(rng, 1, 3);
  }
  if (OneIn(rng, 3)) return;
  const auto pad = [&](int64_t k) { return Between(rng, 0, pool ? k - 1 : k); };
  w->pad_top = pad(w->kh);
  w->pad_left = pad(w->kw);
  w->pad_bottom = pad(w->kh);
  w->pad_right = pad(w->kw);
}

inline void DrawChannels(base::Rng& rng, const RandomOpBounds& bounds, Workload* w) {
  w->c = Extent(rng, bounds.max_channels);
  w->oc = Extent(rng, bounds.max_channels);
  if (w->layout == Layout::kNchwc) {
    w->channel_block = Between(rng, 2, 4);
    w->c = w->channel_block * Between(rng, 1, 3);
    w->oc = w->channel_block * Between(rng, 1, 3);
  } else if (w->op == OpKind::kConv2d && OneIn(rng, 3)) {
    w->groups = Between(rng, 1, 4);
    w->c = w->groups * Between(rng, 1, 4);
    w->oc = w->groups * Between(rng, 1, 5);
  }
  if (w->op == OpKind::kDepthwiseConv2d) {
    w->multiplier = Between(rng, 1, 3);
    w->oc = w->c * w->multiplier;
  } else if (w->op == OpKind::kSoftmax ||
             (w->op != OpKind::kConv2d && w->layout != Layout::kNone)) {
    w->oc = w->c;
  }
}

inline void DrawEpilogue(base::Rng& rng, Workload* w) {
  const bool quantised = w->dtype == DType::kS8;
  const bool weighted = w->op == OpKind::kConv2d || w->op == OpKind::kDepthwiseConv2d ||
                        w->op == OpKind::kDense || w->op == OpKind::kMatmul;
  if (weighted) {
    w->epilogue.bias = OneIn(rng, 2);
    w->epilogue.requant = quantised;
    w->epilogue.add = !quantised && OneIn(rng, 3);
  }
  if (weighted || w->op == OpKind::kAdd) {
    using Activation = Epilogue::Activation;
    std::vector<Activation> known = {Activation::kNone, Activation::kRelu, Activation::kClip};
    if (!quantised) known.push_back(Activation::kRelu6);
    w->epilogue.activation = Pick(rng, known);
  }
  if (w->epilogue.activation == Epilogue::Activation::kClip) {
    w->epilogue.clip_low = quantised ? -90 : -0.5f;
    w->epilogue.clip_high = quantised ? 45 : 1.25f;
  }
}

inline void DrawBroadcast(base::Rng& rng, Workload* w) {
  const std::array<int64_t, 4> full = {w->n, w->h, w->w, w->c};
  std::array<int64_t, 4> broadcast = full;
  for (int64_t& extent : broadcast) extent = OneIn(rng, 2) ? 1 : extent;
  if (broadcast != full) w->broadcast = broadcast;
}

// A draw that may make no sense: an empty output, too much work.
inline Workload Draw(base::Rng& rng, const RandomOpBounds& bounds) {
  static const std::vector<OpKind> kOps = {
      OpKind::kConv2d, OpKind::kConv2d, OpKind::kConv2d,    OpKind::kDepthwiseConv2d,
      OpKind::kDense,  OpKind::kMatmul, OpKind::kMaxPool2d, OpKind::kAvgPool2d,
      OpKind::kAdd,    OpKind::kRelu,   OpKind::kSoftmax};
  static const std::vector<Layout> kLayouts = {Layout::kNhwc, Layout::kNchw, Layout::kNchwc};
  Workload w;
  w.op = Pick(rng, bounds.ops.empty() ? kOps : bounds.ops);
  w.dtype = OneIn(rng, 2) ? DType::kF32 : DType::kS8;
  w.n = Between(rng, 1, 2);
  const bool matrix = w.op == OpKind::kDense || w.op == OpKind::kMatmul || w.op == OpKind::kSoftmax;
  if (matrix) {
    w.n = Extent(rng, bounds.max_channels);
  } else {
    w.layout = Pick(rng, bounds.layouts.empty() ? kLayouts : bounds.layouts);
    w.h = Extent(rng, bounds.max_image);
    w.w = Extent(rng, bounds.max_image);
  }
  DrawChannels(rng, bounds, &w);
  const bool pool = w.op == OpKind::kMaxPool2d || w.op == OpKind::kAvgPool2d;
  if (pool || w.op == OpKind::kConv2d || w.op == OpKind::kDepthwiseConv2d) {
    DrawWindow(rng, bounds, pool, &w);
  }
  DrawEpilogue(rng, &w);
  if (w.op == OpKind::kAdd && w.layout != Layout::kNchwc && OneIn(rng, 2)) DrawBroadcast(rng, &w);
  return w;
}

}  // namespace random_op_internal

// A workload that BuildOperator accepts. The same generator state gives the same workload.
inline compiler::Workload RandomWorkload(base::Rng& rng, const RandomOpBounds& bounds = {}) {
  while (true) {
    const compiler::Workload drawn = random_op_internal::Draw(rng, bounds);
    // What makes no sense is what the parser refuses.
    const absl::StatusOr<compiler::Workload> said = compiler::ParseWorkload(compiler::Print(drawn));
    if (!said.ok() || !(*said == drawn)) continue;
    const int64_t work = std::max(
        drawn.num_macs(), drawn.n * drawn.oh() * drawn.ow() * drawn.oc * drawn.kh * drawn.kw);
    if (work <= bounds.max_work) return drawn;
  }
}

}  // namespace tunefarm::testing

#endif  // TUNEFARM_TESTS_SUPPORT_RANDOM_OP_H_
