// What follows the sum: bias, requantisation, residual, activation.
#include <cmath>

#include "compiler/op/build.h"

namespace tunefarm::compiler {
namespace {

Expr S32(int64_t value) { return MakeInt(value, {DType::kS32, 1}); }

}  // namespace

Expr ApplyActivation(const Epilogue& epilogue, Expr value) {
  const ActivationBounds bounds = BoundsOf(epilogue);
  if (std::isfinite(bounds.low)) value = Max(std::move(value), MakeFloat(bounds.low));
  if (std::isfinite(bounds.high)) value = Min(std::move(value), MakeFloat(bounds.high));
  return value;
}

Expr SaturateToS8(Expr value, const Epilogue& epilogue, Expr zero_point) {
  Expr low = S32(-128), high = S32(127);
  if (epilogue.activation == Epilogue::Activation::kRelu) low = Max(low, std::move(zero_point));
  if (epilogue.activation == Epilogue::Activation::kClip) {
    low = S32(static_cast<int64_t>(epilogue.clip_low));
    high = S32(static_cast<int64_t>(epilogue.clip_high));
  }
  return MakeCast({DType::kS8, 1}, Min(Max(std::move(value), low), high));
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
      return SaturateToS8(value + zero_point, epilogue, zero_point);
    }
    if (inputs.residual) {
      std::vector<Expr> indices;
      for (const Axis& axis : point.axes) indices.push_back(axis.var);
      value = value + MakeLoad(inputs.residual, std::move(indices));
    }
    return ApplyActivation(epilogue, value);
  });
}

}  // namespace tunefarm::compiler
