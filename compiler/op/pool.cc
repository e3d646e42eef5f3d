// max_pool2d and avg_pool2d.
#include <limits>

#include "compiler/op/build.h"

namespace tunefarm::compiler {
namespace {

constexpr Type kS32Type = {DType::kS32, 1};

// A pool up to the element it reduces: the axes, and the window's element of the padded input.
struct Window {
  ImageAxes out;
  MainStage main;  // Without init and value.
  Expr element;
};

Window MakeWindow(const Workload& w, OperatorBuilder* builder, Expr pad_value) {
  const Buffer in = builder->AddData("in", w.dtype, ImageExtents(w, {w.n, w.h, w.w, w.c}));
  const Buffer padded = builder->Pad(in, std::move(pad_value));
  Window window;
  window.out = MakeImageAxes(w, {"n", "oh", "ow", "c"}, {w.n, w.oh(), w.ow(), w.c});
  const ImageAxes& out = window.out;
  const Axis kh = MakeAxis("kh", w.kh);
  const Axis kw = MakeAxis("kw", w.kw);
  window.main.axes = out.axes;
  window.main.channel = out.c.flat;
  window.main.reduce_axes = {kh, kw};
  window.element = MakeLoad(padded, ImageIndices(w, out.n, out.h * w.stride_h + kh.var,
                                                 out.w * w.stride_w + kw.var, out.c));
  return window;
}

// The taps of the window at output position `o` that lie inside the image, along one dimension.
Expr TapsInside(const Expr& o, int64_t stride, int64_t pad, int64_t kernel, int64_t extent) {
  const Expr start = o * stride - pad;
  return Min(start + kernel, extent) - Max(start, 0);
}

// acc / count rounded to nearest, halves away from zero: TFLite's average.
Expr RoundedQuotient(const Expr& acc, const Expr& count) {
  const Expr zero = MakeInt(0, kS32Type);
  const Expr half = FloorDiv(count, MakeInt(2, kS32Type));
  return MakeSelect(zero < acc, FloorDiv(acc + half, count), zero - FloorDiv(half - acc, count));
}

}  // namespace

Operator BuildMaxPool2d(const Workload& w) {
  OperatorBuilder builder(w);
  const Expr lowest = w.dtype == DType::kF32 ? MakeFloat(-std::numeric_limits<float>::infinity())
                                             : MakeInt(-128, {DType::kS8, 1});
  Window window = MakeWindow(w, &builder, lowest);
  window.main.reduction = Reduction::kMax;
  window.main.init = lowest;
  window.main.value = window.element;
  return builder.Finish(std::move(window.main));
}

Operator BuildAvgPool2d(const Workload& w) {
  OperatorBuilder builder(w);
  const bool is_float = w.dtype == DType::kF32;
  // Zero is what a sum may add, also in s8: TFLite sums the stored values and pads with nothing.
  const Expr zero = is_float ? MakeFloat(0) : MakeInt(0, {DType::kS8, 1});
  Window window = MakeWindow(w, &builder, zero);
  window.main.reduction = Reduction::kSum;
  window.main.init = is_float ? zero : MakeInt(0, kS32Type);
  window.main.value = is_float ? window.element : MakeCast(kS32Type, window.element);
  builder.SetFloatTolerance(w.kh * w.kw);
  const size_t h_axis = w.layout == Layout::kNhwc ? 1 : 2;
  return builder.FinishThrough(std::move(window.main), [&](const OperatorBuilder::OutPoint& point) {
    const Expr count = TapsInside(point.axes[h_axis].var, w.stride_h, w.pad_top, w.kh, w.h) *
                       TapsInside(point.axes[h_axis + 1].var, w.stride_w, w.pad_left, w.kw, w.w);
    if (is_float) {
      return MakeBinary(BinaryOp::kDiv, point.element, MakeCast({DType::kF32, 1}, count));
    }
    const Expr average = RoundedQuotient(point.element, MakeCast(kS32Type, count));
    return SaturateToS8(average, Epilogue{}, Expr());
  });
}

}  // namespace tunefarm::compiler
