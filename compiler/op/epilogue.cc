// What follows the sum: bias, requantisation, residual, activation.
#include "compiler/op/build.h"

namespace tunefarm::compiler {
namespace {

Expr S32(int64_t value) { return MakeInt(value, {DType::kS32, 1}); }

}  // namespace

Expr ApplyActivation(Epilogue::Activation activation, Expr value) {
  switch (activation) {
    case Epilogue::Activation::kNone:
      return value;
    case Epilogue::Activation::kRelu:
      return Max(value, MakeFloat(0));
    case Epilogue::Activation::kRelu6:
      return Min(Max(value, MakeFloat(0)), MakeFloat(6));
  }
  __builtin_unreachable();
}

Expr SaturateToS8(Expr value, Epilogue::Activation activation, Expr zero_point) {
  Expr low = S32(-128);
  if (activation == Epilogue::Activation::kRelu) low = Max(low, std::move(zero_point));
  return MakeCast({DType::kS8, 1}, Min(Max(std::move(value), low), S32(127)));
}

Operator OperatorBuilder::FinishWeighted(MainStage main, const WeightedInputs& inputs) {
  const Epilogue epilogue = workload().epilogue;
  if (epilogue == Epilogue{}) return Finish(std::move(main));
  return FinishThrough(std::move(main), [&](const OutPoint& point) {
    Expr value = point.element;
    if (inputs.bias) value = value + MakeLoad(inputs.bias, {point.channel});
    if (epilogue.requant) {
      const Expr zero_point = ZeroPoint(inputs.zero_points, 1);
      value = MakeCall(Intrinsic::kRequantize, {value, MakeLoad(inputs.multiplier, {point.channel}),
                                                MakeLoad(inputs.shift, {point.channel})});
      return SaturateToS8(value + zero_point, epilogue.activation, zero_point);
    }
    if (inputs.residual) {
      std::vector<Expr> indices;
      for (const Axis& axis : point.axes) indices.push_back(axis.var);
      value = value + MakeLoad(inputs.residual, std::move(indices));
    }
    return ApplyActivation(epilogue.activation, value);
  });
}

}  // namespace tunefarm::compiler
