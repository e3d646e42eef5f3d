// add and relu: one stage, which applies the epilogue itself, because nothing is reduced.
#include "compiler/op/build.h"

namespace tunefarm::compiler {
namespace {

constexpr Type kS32Type = {DType::kS32, 1};
constexpr Epilogue kReluEpilogue = {.activation = Epilogue::Activation::kRelu};
// TFLite's head room for the operands of a quantised add.
constexpr int64_t kAddLeftShift = 20;

// Shifts that bring the sum of two operands, widened by kAddLeftShift, back to s8: twice about -10,
// and a multiplier of some 0.75 each time.
tunefarm_fill AddShiftFill() { return {-11, -9, 1.0f}; }

// The second operand's subscripts: 0 where it is broadcast.
std::vector<Expr> BroadcastIndices(const Workload& w, const ImageAxes& image) {
  if (w.broadcast[0] == 0) return ImageIndices(w, image.n, image.h, image.w, image.c);
  const auto pick = [&](size_t i, const Expr& index) {
    return w.broadcast[i] == 1 ? Expr(0) : index;
  };
  const Channel c = {pick(3, image.c.flat), Expr(), Expr()};
  return ImageIndices(w, pick(0, image.n), pick(1, image.h), pick(2, image.w), c);
}

// The sum of two s8 values of different scales, in s8:
// tflite::reference_integer_ops::AddElementwise.
Expr QuantisedSum(const Workload& w, OperatorBuilder* builder, const Expr& a, const Expr& b) {
  const Buffer multipliers =
      builder->AddConstant("multipliers", DType::kS32, {3}, MultiplierFill());
  const Buffer shifts = builder->AddConstant("shifts", DType::kS32, {3}, AddShiftFill());
  const Buffer zero_points = builder->AddConstant("zero_points", DType::kS32, {3}, ZeroPointFill());
  const auto rescale = [&](Expr value, int64_t i) {
    return MakeCall(Intrinsic::kRequantize,
                    {std::move(value), MakeLoad(multipliers, {i}), MakeLoad(shifts, {i})});
  };
  const auto widen = [&](const Expr& value, int64_t i) {
    const Expr centred = MakeCast(kS32Type, value) - OperatorBuilder::ZeroPoint(zero_points, i);
    return centred * MakeInt(int64_t{1} << kAddLeftShift, kS32Type);
  };
  const Expr sum = rescale(widen(a, 0), 0) + rescale(widen(b, 1), 1);
  const Expr zero_point = OperatorBuilder::ZeroPoint(zero_points, 2);
  return SaturateToS8(rescale(sum, 2) + zero_point, w.epilogue, zero_point);
}

}  // namespace

Operator BuildAdd(const Workload& w) {
  OperatorBuilder builder(w);
  const std::array<int64_t, 4> full = {w.n, w.h, w.w, w.c};
  const Buffer a = builder.AddData("a", w.dtype, ImageExtents(w, full));
  const Buffer b =
      builder.AddData("b", w.dtype, ImageExtents(w, w.broadcast[0] == 0 ? full : w.broadcast));
  const ImageAxes image = MakeImageAxes(w, {"n", "h", "w", "c"}, full);
  const Expr load_a = MakeLoad(a, ImageIndices(w, image.n, image.h, image.w, image.c));
  const Expr load_b = MakeLoad(b, BroadcastIndices(w, image));
  MainStage main;
  main.axes = image.axes;
  main.channel = image.c.flat;
  main.value = w.dtype == DType::kF32 ? ApplyActivation(w.epilogue, load_a + load_b)
                                      : QuantisedSum(w, &builder, load_a, load_b);
  builder.SetFloatTolerance(2);
  return builder.Finish(std::move(main));
}

Operator BuildRelu(const Workload& w) {
  OperatorBuilder builder(w);
  const std::array<int64_t, 4> full = {w.n, w.h, w.w, w.c};
  const Buffer in = builder.AddData("in", w.dtype, ImageExtents(w, full));
  const ImageAxes image = MakeImageAxes(w, {"n", "h", "w", "c"}, full);
  const Expr load = MakeLoad(in, ImageIndices(w, image.n, image.h, image.w, image.c));
  MainStage main;
  main.axes = image.axes;
  main.channel = image.c.flat;
  if (w.dtype == DType::kF32) {
    main.value = ApplyActivation(kReluEpilogue, load);
  } else {
    // Input and output share scale and zero point, so zero is all that is compared with.
    const Buffer zero_points =
        builder.AddConstant("zero_points", DType::kS32, {1}, ZeroPointFill());
    main.value = SaturateToS8(MakeCast(kS32Type, load), kReluEpilogue,
                              OperatorBuilder::ZeroPoint(zero_points, 0));
  }
  return builder.Finish(std::move(main));
}

}  // namespace tunefarm::compiler
