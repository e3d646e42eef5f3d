#include "compiler/op/build.h"

#include <algorithm>
#include <cmath>

#include "base/status.h"
#include "compiler/ir/visit.h"

namespace tunefarm::compiler {
namespace {

// Shifts that bring a sum of `reduction_elems` products of the fills above to a standard deviation
// of some 50 steps: neither all zero nor all saturated. A product deviates by about 5400, a
// multiplier scales by 0.75 on average.
tunefarm_fill ShiftFill(int64_t reduction_elems) {
  const double deviation = 5400.0 * 0.75 * std::sqrt(static_cast<double>(reduction_elems));
  const int32_t shift = static_cast<int32_t>(std::lround(std::log2(50.0 / deviation)));
  return {shift - 1, shift, 1.0f};
}

}  // namespace

tunefarm_fill DataFill(DType dtype) {
  if (dtype == DType::kF32) return {-16, 15, 1.0f / 16};
  return {-128, 127, 1.0f};
}

tunefarm_fill WeightFill(DType dtype) {
  if (dtype == DType::kF32) return {-16, 15, 1.0f / 16};
  return {-127, 127, 1.0f};
}

tunefarm_fill BiasFill(DType dtype) {
  if (dtype == DType::kF32) return {-16, 15, 1.0f / 16};
  return {-1024, 1023, 1.0f};
}

tunefarm_fill ZeroPointFill() { return {-20, 20, 1.0f}; }
tunefarm_fill MultiplierFill() { return {1 << 30, 0x7FFFFFFF, 1.0f}; }

Axis MakeAxis(std::string name, int64_t extent) {
  Expr var = MakeVar(name);
  return {std::move(name), std::move(var), extent};
}

ImageAxes MakeImageAxes(const Workload& workload, const ImageNames& names,
                        const std::array<int64_t, 4>& extents) {
  const Axis n = MakeAxis(names.n, extents[0]);
  const Axis h = MakeAxis(names.h, extents[1]);
  const Axis w = MakeAxis(names.w, extents[2]);
  ImageAxes image;
  image.n = n.var;
  image.h = h.var;
  image.w = w.var;
  if (workload.layout == Layout::kNchwc) {
    const Axis block = MakeAxis(names.c + "_block", extents[3] / workload.channel_block);
    const Axis lane = MakeAxis(names.c + "_lane", workload.channel_block);
    image.c = {block.var * workload.channel_block + lane.var, block.var, lane.var};
    image.axes = {n, block, h, w, lane};
    return image;
  }
  const Axis c = MakeAxis(names.c, extents[3]);
  image.c.flat = c.var;
  image.axes = workload.layout == Layout::kNhwc ? std::vector<Axis>{n, h, w, c}
                                                : std::vector<Axis>{n, c, h, w};
  return image;
}

std::vector<int64_t> ImageExtents(const Workload& workload, const std::array<int64_t, 4>& extents) {
  const auto [n, h, w, c] = extents;
  switch (workload.layout) {
    case Layout::kNhwc:
      return {n, h, w, c};
    case Layout::kNchw:
      return {n, c, h, w};
    case Layout::kNchwc:
      return {n, c / workload.channel_block, h, w, workload.channel_block};
    case Layout::kNone:
      break;
  }
  TUNEFARM_CHECK(false, "an image without a layout");
}

std::vector<Expr> ImageIndices(const Workload& workload, Expr n, Expr h, Expr w, const Channel& c) {
  switch (workload.layout) {
    case Layout::kNhwc:
      return {n, h, w, c.flat};
    case Layout::kNchw:
      return {n, c.flat, h, w};
    case Layout::kNchwc:
      return {n, c.block, h, w, c.lane};
    case Layout::kNone:
      break;
  }
  TUNEFARM_CHECK(false, "an image without a layout");
}

OperatorBuilder::OperatorBuilder(const Workload& workload) { op_.workload = workload; }

Buffer OperatorBuilder::AddData(std::string name, DType dtype, std::vector<int64_t> extents) {
  Buffer buffer = MakeBuffer(std::move(name), dtype, std::move(extents));
  op_.inputs.push_back({buffer, false, DataFill(dtype)});
  return buffer;
}

Buffer OperatorBuilder::AddConstant(std::string name, DType dtype, std::vector<int64_t> extents,
                                    tunefarm_fill fill) {
  Buffer buffer = MakeBuffer(std::move(name), dtype, std::move(extents));
  constants_.push_back({buffer, true, fill});
  return buffer;
}

WeightedInputs OperatorBuilder::AddWeightedInputs(const std::string& in_name,
                                                  std::vector<int64_t> in_extents,
                                                  const std::string& weights_name,
                                                  std::vector<int64_t> weight_extents,
                                                  std::vector<int64_t> out_extents,
                                                  int64_t reduction_elems) {
  const Workload& w = workload();
  const DType acc = w.dtype == DType::kF32 ? DType::kF32 : DType::kS32;
  WeightedInputs inputs;
  inputs.in = AddData(in_name, w.dtype, std::move(in_extents));
  if (w.epilogue.add) inputs.residual = AddData("residual", w.dtype, std::move(out_extents));
  inputs.weights =
      AddConstant(weights_name, w.dtype, std::move(weight_extents), WeightFill(w.dtype));
  if (w.epilogue.bias) inputs.bias = AddConstant("bias", acc, {w.oc}, BiasFill(acc));
  if (w.epilogue.requant) {
    inputs.multiplier = AddConstant("multiplier", acc, {w.oc}, MultiplierFill());
    inputs.shift = AddConstant("shift", acc, {w.oc}, ShiftFill(reduction_elems));
    inputs.zero_points = AddConstant("zero_points", acc, {2}, ZeroPointFill());
  }
  SetFloatTolerance(reduction_elems);
  return inputs;
}

void OperatorBuilder::SetFloatTolerance(int64_t num_terms) {
  if (workload().dtype != DType::kF32) return;
  // Half a unit in the last place of 1 for every rounding of the sum.
  op_.absolute_tolerance = 1e-5 + static_cast<double>(num_terms) * 0x1p-24;
  op_.relative_tolerance = 1e-5;
}

Buffer OperatorBuilder::Pad(Buffer in, Expr pad_value) {
  const Workload& w = workload();
  if (w.pad_top + w.pad_left + w.pad_bottom + w.pad_right == 0) return in;
  const std::array<int64_t, 4> extents = {w.n, w.h + w.pad_top + w.pad_bottom,
                                          w.w + w.pad_left + w.pad_right, w.c};
  const ImageAxes image = MakeImageAxes(w, {"n", "h", "w", "c"}, extents);
  Expr inside = MakeInt(1, {DType::kBool, 1});
  if (w.pad_top > 0) inside = inside && w.pad_top <= image.h;
  if (w.pad_bottom > 0) inside = inside && image.h < w.pad_top + w.h;
  if (w.pad_left > 0) inside = inside && w.pad_left <= image.w;
  if (w.pad_right > 0) inside = inside && image.w < w.pad_left + w.w;
  const Expr load =
      MakeLoad(in, ImageIndices(w, image.n, image.h - w.pad_top, image.w - w.pad_left, image.c));

  Stage stage;
  stage.name = "pad";
  stage.buffer = MakeBuffer("pad", in->dtype, ImageExtents(w, extents), Scope::kScratch);
  stage.axes = image.axes;
  stage.value = MakeSelect(inside, load, std::move(pad_value));
  stage.is_padding = true;
  op_.stages.push_back(stage);
  return stage.buffer;
}

Expr OperatorBuilder::Product(const WeightedInputs& inputs, Expr in, Expr weight) const {
  if (workload().dtype == DType::kF32) return in * weight;
  const Type s32 = {DType::kS32, 1};
  return (MakeCast(s32, in) - ZeroPoint(inputs.zero_points, 0)) * MakeCast(s32, weight);
}

Expr OperatorBuilder::ZeroPoint(const Buffer& zero_points, int64_t which) {
  return MakeLoad(zero_points, {which});
}

namespace {

std::vector<int64_t> ExtentsOf(const std::vector<Axis>& axes) {
  std::vector<int64_t> extents;
  for (const Axis& axis : axes) extents.push_back(axis.extent);
  return extents;
}

Stage ToStage(MainStage main, std::string name, Buffer buffer) {
  Stage stage;
  stage.name = std::move(name);
  stage.buffer = std::move(buffer);
  stage.axes = std::move(main.axes);
  stage.reduce_axes = std::move(main.reduce_axes);
  stage.reduction = main.reduction;
  stage.init = std::move(main.init);
  stage.value = std::move(main.value);
  return stage;
}

}  // namespace

Buffer OperatorBuilder::AddStage(std::string name, MainStage main) {
  const Buffer buffer =
      MakeBuffer(name, main.value.type().dtype, ExtentsOf(main.axes), Scope::kScratch);
  op_.stages.push_back(ToStage(std::move(main), std::move(name), buffer));
  return buffer;
}

Operator OperatorBuilder::Finish(MainStage main) {
  op_.output = MakeBuffer("out", main.value.type().dtype, ExtentsOf(main.axes));
  op_.stages.push_back(ToStage(std::move(main), Name(workload().op), op_.output));
  return Take();
}

OperatorBuilder::OutPoint OperatorBuilder::AddIntermediate(MainStage main) {
  OutPoint point;
  std::vector<std::pair<const ExprNode*, Expr>> fresh;
  std::vector<Expr> indices;
  for (const Axis& axis : main.axes) {
    point.axes.push_back(MakeAxis(axis.name, axis.extent));
    indices.push_back(point.axes.back().var);
    fresh.emplace_back(axis.var.get(), point.axes.back().var);
  }
  point.channel = Substitute(main.channel, fresh);
  point.element = MakeLoad(AddStage(Name(workload().op), std::move(main)), std::move(indices));
  return point;
}

Operator OperatorBuilder::AddOut(std::vector<Axis> axes, Expr value) {
  Stage stage;
  stage.name = "out";
  stage.buffer = MakeBuffer("out", value.type().dtype, ExtentsOf(axes));
  stage.axes = std::move(axes);
  stage.value = std::move(value);
  op_.output = stage.buffer;
  op_.stages.push_back(std::move(stage));
  return Take();
}

Operator OperatorBuilder::Take() {
  op_.inputs.insert(op_.inputs.end(), constants_.begin(), constants_.end());
  return std::move(op_);
}

}  // namespace tunefarm::compiler
