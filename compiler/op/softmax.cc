// softmax over the last axis. In s8 it is tflite::reference_ops::Softmax: exponentials and the
// reciprocal of their sum in gemmlowp's fixed point, to the bit.
#include <limits>

#include "compiler/op/build.h"

namespace tunefarm::compiler {
namespace {

constexpr Type kS32Type = {DType::kS32, 1};
// Bits in front of the point of the sum (Q12.19); its terms are Q0.31.
constexpr int64_t kSumIntegerBits = 12;
constexpr int64_t kMaxExponent = 31;

Expr S32(int64_t value) { return MakeInt(value, kS32Type); }

// Scales of logits between 2^-7 and 2^-3: the shift that brings them to Q5.26, and the difference
// below which e^x counts as zero (-31 * 2^(26 - shift) and less).
tunefarm_fill LogitShiftFill() { return {20, 23, 1.0f}; }
tunefarm_fill DiffMinFill() { return {-248, -200, 1.0f}; }

struct RowStage {
  MainStage main;
  Expr n, c;
};

// A stage over rows and elements; or over rows, reducing the elements.
RowStage OverElements(const Workload& w, Reduction reduction) {
  const Axis n = MakeAxis("n", w.n), c = MakeAxis("c", w.c);
  RowStage stage{{}, n.var, c.var};
  stage.main.axes = {n};
  stage.main.reduction = reduction;
  (reduction == Reduction::kNone ? stage.main.axes : stage.main.reduce_axes).push_back(c);
  return stage;
}

Buffer AddMax(OperatorBuilder& builder, const Buffer& in, Expr lowest) {
  RowStage stage = OverElements(builder.workload(), Reduction::kMax);
  stage.main.init = std::move(lowest);
  stage.main.value = MakeLoad(in, {stage.n, stage.c});
  return builder.AddStage("max", std::move(stage.main));
}

Operator BuildFloatSoftmax(const Workload& w) {
  OperatorBuilder builder(w);
  const Buffer in = builder.AddData("in", w.dtype, {w.n, w.c});
  const Buffer max = AddMax(builder, in, MakeFloat(-std::numeric_limits<float>::infinity()));

  RowStage exp = OverElements(w, Reduction::kNone);
  exp.main.value =
      MakeCall(Intrinsic::kExp, {MakeLoad(in, {exp.n, exp.c}) - MakeLoad(max, {exp.n})});
  const Buffer exps = builder.AddStage("exp", std::move(exp.main));

  RowStage sum = OverElements(w, Reduction::kSum);
  sum.main.init = MakeFloat(0);
  sum.main.value = MakeLoad(exps, {sum.n, sum.c});
  const Buffer sums = builder.AddStage("sum", std::move(sum.main));

  RowStage out = OverElements(w, Reduction::kNone);
  out.main.value =
      MakeBinary(BinaryOp::kDiv, MakeLoad(exps, {out.n, out.c}), MakeLoad(sums, {out.n}));
  builder.SetFloatTolerance(w.c);
  return builder.Finish(std::move(out.main));
}

// The row's scale, 1 / sum up to a power of two: the sum's leading one is shifted out, what is left
// is the x of 1 / (1 + x).
Buffer AddScale(OperatorBuilder& builder, const Buffer& sums) {
  const Axis n = MakeAxis("n", builder.workload().n);
  MainStage scale;
  scale.axes = {n};
  const Expr sum = MakeLoad(sums, {n.var});
  const Expr zeros = MakeCall(Intrinsic::kCountLeadingZeros, {sum});
  const Expr fraction =
      MakeCall(Intrinsic::kShiftLeft, {sum, zeros}) + S32(std::numeric_limits<int32_t>::min());
  scale.value = MakeCall(Intrinsic::kFixedReciprocal, {fraction});
  return builder.AddStage("scale", std::move(scale));
}

Operator BuildQuantisedSoftmax(const Workload& w) {
  OperatorBuilder builder(w);
  const Buffer in = builder.AddData("in", w.dtype, {w.n, w.c});
  const Buffer multiplier = builder.AddConstant("multiplier", DType::kS32, {1}, MultiplierFill());
  const Buffer shift = builder.AddConstant("shift", DType::kS32, {1}, LogitShiftFill());
  const Buffer diff_min = builder.AddConstant("diff_min", DType::kS32, {1}, DiffMinFill());
  const Buffer max = AddMax(builder, in, MakeInt(-128, {DType::kS8, 1}));

  RowStage exp = OverElements(w, Reduction::kNone);
  const Expr diff =
      MakeCast(kS32Type, MakeLoad(in, {exp.n, exp.c})) - MakeCast(kS32Type, MakeLoad(max, {exp.n}));
  const Expr logit =
      MakeCall(Intrinsic::kRequantize, {diff, MakeLoad(multiplier, {0}), MakeLoad(shift, {0})});
  exp.main.value =
      MakeSelect(diff < MakeLoad(diff_min, {0}), S32(0), MakeCall(Intrinsic::kFixedExp, {logit}));
  const Buffer exps = builder.AddStage("exp", std::move(exp.main));

  RowStage sum = OverElements(w, Reduction::kSum);
  sum.main.init = S32(0);
  sum.main.value =
      MakeCall(Intrinsic::kRoundingShift, {MakeLoad(exps, {sum.n, sum.c}), S32(kSumIntegerBits)});
  const Buffer sums = builder.AddStage("sum", std::move(sum.main));
  const Buffer scales = AddScale(builder, sums);

  RowStage out = OverElements(w, Reduction::kNone);
  const Expr product = MakeCall(
      Intrinsic::kRequantize, {MakeLoad(scales, {out.n}), MakeLoad(exps, {out.n, out.c}), S32(0)});
  // The scale is that of 2^(zeros - 12) x the sum; an s8 result has 8 bits behind the point.
  const Expr exponent = S32(kSumIntegerBits + 31 - 8) -
                        MakeCall(Intrinsic::kCountLeadingZeros, {MakeLoad(sums, {out.n})});
  const Expr rounded =
      MakeCall(Intrinsic::kRoundingShift, {product, Min(exponent, S32(kMaxExponent))});
  out.main.value = SaturateToS8(
      MakeSelect(S32(kMaxExponent) < exponent, S32(0), rounded) - S32(128), Epilogue{}, Expr());
  return builder.Finish(std::move(out.main));
}

}  // namespace

Operator BuildSoftmax(const Workload& w) {
  return w.dtype == DType::kF32 ? BuildFloatSoftmax(w) : BuildQuantisedSoftmax(w);
}

}  // namespace tunefarm::compiler
