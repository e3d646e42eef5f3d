// conv2d and depthwise_conv2d, in every layout they exist in. A 1x1 convolution that is a matrix
// product is built in matmul.cc.
#include "compiler/op/build.h"

namespace tunefarm::compiler {
namespace {

Expr ZeroOf(DType dtype) {
  return dtype == DType::kF32 ? MakeFloat(0) : MakeInt(0, {DType::kS32, 1});
}

// What a pad stage stores: the value whose product is zero.
Expr PadValue(const Workload& w, const WeightedInputs& inputs) {
  if (w.dtype == DType::kF32) return MakeFloat(0);
  return MakeCast({DType::kS8, 1}, OperatorBuilder::ZeroPoint(inputs.zero_points, 0));
}

std::array<int64_t, 4> InExtents(const Workload& w) { return {w.n, w.h, w.w, w.c}; }
std::array<int64_t, 4> OutExtents(const Workload& w) { return {w.n, w.oh(), w.ow(), w.oc}; }

MainStage StartSum(const Workload& w, const ImageAxes& out) {
  MainStage main;
  main.axes = out.axes;
  main.channel = out.c.flat;
  main.reduction = Reduction::kSum;
  main.init = ZeroOf(w.dtype);
  return main;
}

// The input channel's axes as a stage sums over them, and the channel they name.
struct InputChannel {
  std::vector<Axis> axes;  // ic, or ic_block and ic_lane.
  Channel c;               // In the input tensor.
  Expr in_group;           // Within the group: the weights' subscript.
};

InputChannel MakeInputChannel(const Workload& w, const Expr& oc) {
  InputChannel channel;
  if (w.layout == Layout::kNchwc) {
    const Axis block = MakeAxis("ic_block", w.c / w.channel_block);
    const Axis lane = MakeAxis("ic_lane", w.channel_block);
    channel.axes = {block, lane};
    channel.c = {block.var * w.channel_block + lane.var, block.var, lane.var};
    channel.in_group = channel.c.flat;
    return channel;
  }
  const Axis ic = MakeAxis("ic", w.c / w.groups);
  channel.axes = {ic};
  channel.in_group = ic.var;
  channel.c.flat = ic.var;
  if (w.groups > 1) {
    channel.c.flat = FloorDiv(oc, w.oc / w.groups) * (w.c / w.groups) + ic.var;
  }
  return channel;
}

}  // namespace

Operator BuildConv2d(const Workload& w) {
  OperatorBuilder builder(w);
  const int64_t group_c = w.c / w.groups;
  const bool hwio = w.layout == Layout::kNhwc;
  const std::vector<int64_t> weight_extents = hwio
                                                  ? std::vector<int64_t>{w.kh, w.kw, group_c, w.oc}
                                                  : std::vector<int64_t>{w.oc, group_c, w.kh, w.kw};
  const WeightedInputs inputs =
      builder.AddWeightedInputs("in", ImageExtents(w, InExtents(w)), "w", weight_extents,
                                ImageExtents(w, OutExtents(w)), w.kh * w.kw * group_c);
  const Buffer padded = builder.Pad(inputs.in, PadValue(w, inputs));

  const ImageAxes out = MakeImageAxes(w, {"n", "oh", "ow", "oc"}, OutExtents(w));
  const Axis kh = MakeAxis("kh", w.kh);
  const Axis kw = MakeAxis("kw", w.kw);
  const InputChannel ic = MakeInputChannel(w, out.c.flat);
  MainStage main = StartSum(w, out);
  if (w.layout == Layout::kNhwc) main.reduce_axes = {kh, kw, ic.axes[0]};
  if (w.layout == Layout::kNchw) main.reduce_axes = {ic.axes[0], kh, kw};
  if (w.layout == Layout::kNchwc) main.reduce_axes = {ic.axes[0], kh, kw, ic.axes[1]};

  const Expr h = out.h * w.stride_h + kh.var * w.dilation_h;
  const Expr width = out.w * w.stride_w + kw.var * w.dilation_w;
  const Expr in = MakeLoad(padded, ImageIndices(w, out.n, h, width, ic.c));
  const Expr weight = hwio ? MakeLoad(inputs.weights, {kh.var, kw.var, ic.in_group, out.c.flat})
                           : MakeLoad(inputs.weights, {out.c.flat, ic.in_group, kh.var, kw.var});
  main.value = builder.Product(inputs, in, weight);
  return builder.FinishWeighted(std::move(main), inputs);
}

Operator BuildDepthwiseConv2d(const Workload& w) {
  OperatorBuilder builder(w);
  const bool nhwc = w.layout == Layout::kNhwc;
  const std::vector<int64_t> weight_extents =
      nhwc ? std::vector<int64_t>{w.kh, w.kw, w.c, w.multiplier}
           : std::vector<int64_t>{w.c, w.multiplier, w.kh, w.kw};
  const WeightedInputs inputs =
      builder.AddWeightedInputs("in", ImageExtents(w, InExtents(w)), "w", weight_extents,
                                ImageExtents(w, OutExtents(w)), w.kh * w.kw);
  const Buffer padded = builder.Pad(inputs.in, PadValue(w, inputs));

  const ImageAxes out = MakeImageAxes(w, {"n", "oh", "ow", "oc"}, OutExtents(w));
  const Axis kh = MakeAxis("kh", w.kh);
  const Axis kw = MakeAxis("kw", w.kw);
  MainStage main = StartSum(w, out);
  main.reduce_axes = {kh, kw};

  const Channel c = {FloorDiv(out.c.flat, w.multiplier), Expr(), Expr()};
  const Expr copy = FloorMod(out.c.flat, w.multiplier);
  const Expr h = out.h * w.stride_h + kh.var * w.dilation_h;
  const Expr width = out.w * w.stride_w + kw.var * w.dilation_w;
  const Expr in = MakeLoad(padded, ImageIndices(w, out.n, h, width, c));
  const Expr weight = nhwc ? MakeLoad(inputs.weights, {kh.var, kw.var, c.flat, copy})
                           : MakeLoad(inputs.weights, {c.flat, copy, kh.var, kw.var});
  main.value = builder.Product(inputs, in, weight);
  return builder.FinishWeighted(std::move(main), inputs);
}

}  // namespace tunefarm::compiler
