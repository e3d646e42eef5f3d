#include "compiler/lower/expand/quantised.h"

#include "absl/strings/str_format.h"
#include "base/status.h"
#include "compiler/ir/requantize.h"
#include "compiler/lower/expand/loops.h"
#include "compiler/lower/nest.h"
#include "compiler/schedule/scheduled_operator.h"

namespace tunefarm::compiler {
namespace {

constexpr int64_t kParamsPerChannel = 4;
// Products of two s8 values are at most 2^14 in magnitude.
constexpr int64_t kMaxProduct = 1 << 14;
constexpr int64_t kMaxShortValue = (int64_t{1} << 30) - 1;

bool IsRelu(const Operator& op) {
  return op.workload.epilogue.activation == Epilogue::Activation::kRelu;
}

Expr Or(Expr a, Expr b) { return MakeBinary(BinaryOp::kOr, std::move(a), std::move(b)); }

}  // namespace

absl::StatusOr<QuantisedTensors> FindQuantisedTensors(const Operator& op) {
  if (op.workload.dtype != DType::kS8 || !op.workload.epilogue.requant) {
    return absl::FailedPreconditionError("the operator is not one of s8 with requantisation");
  }
  QuantisedTensors tensors;
  tensors.out = op.output;
  for (const OperatorInput& input : op.inputs) {
    const std::string& name = input.buffer->name;
    if (name == "in") tensors.in = input.buffer;
    if (name == "w") tensors.weights = input.buffer;
    if (name == "bias") tensors.bias = input.buffer;
    if (name == "multiplier") tensors.multiplier = input.buffer;
    if (name == "shift") tensors.shift = input.buffer;
    if (name == "zero_points") tensors.zero_points = input.buffer;
  }
  if (!tensors.in || !tensors.weights || !tensors.multiplier || !tensors.shift ||
      !tensors.zero_points) {
    return absl::FailedPreconditionError("the operator lacks weights or quantisation data");
  }
  return tensors;
}

ShortParameters MakeShortParameters(int64_t num_channels) {
  return {MakeBuffer("params", DType::kS32, {num_channels * kParamsPerChannel}),
          MakeBuffer("plain", DType::kS32, {1})};
}

Stmt PrepareRequantisation(const Operator& op, const ShortParameters& parameters, const Expr& at,
                           const Expr& multiplier, const Expr& shift, const Expr& out_zero,
                           const Expr& unfit) {
  const Buffer& params = parameters.params;
  Expr refused = Or(unfit, multiplier < S32(0));
  refused = Or(refused, Or(shift < S32(-kMaxShortRight), S32(-1) < shift));
  refused = Or(refused, Or(out_zero < S32(-128), S32(127) < out_zero));
  const Expr right = Min(Max(S32(0) - shift, S32(1)), S32(kMaxShortRight));
  const Expr half_at = at + Expr(2), right_at = at + Expr(3);
  const Expr half = LoadAt(params, half_at);
  return MakeBlock({
      MakeIf(refused, StoreAt(parameters.plain, Expr(0), S32(1))),
      StoreAt(params, at + Expr(1), multiplier),
      StoreAt(params, half_at, MakeCall(Intrinsic::kShiftLeft, {S32(1), right - S32(1)})),
      IsRelu(op) ? StoreAt(params, right_at, out_zero * S32(256) + right)
                 : MakeBlock({StoreAt(params, half_at, half + out_zero * (half * S32(2))),
                              StoreAt(params, right_at, right)}),
  });
}

Stmt PrepareShortParameters(const Operator& op, const QuantisedTensors& tensors,
                            const ShortParameters& parameters, int64_t num_terms,
                            const std::function<Expr(const Expr&, const Expr&)>& weight) {
  const Buffer& params = parameters.params;
  const Expr in_zero = LoadAt(tensors.zero_points, Expr(0));
  const Expr out_zero = LoadAt(tensors.zero_points, Expr(1));
  const int64_t bound = kMaxShortValue - num_terms * kMaxProduct;
  const int64_t num_channels = params->num_elems() / kParamsPerChannel;
  const auto channel_body = [&](const Expr& channel) {
    const auto at = [&](int64_t which) { return channel * Expr(kParamsPerChannel) + Expr(which); };
    const Expr bias = LoadAt(params, at(0));
    const Expr sum = LoadAt(params, at(1));
    const Expr unfit = Or(bias < S32(-bound), S32(bound) < bias);
    return MakeBlock({
        StoreAt(params, at(1), S32(0)),
        Loop("k", num_terms,
             [&](const Expr& k) { return StoreAt(params, at(1), sum + weight(channel, k)); }),
        StoreAt(params, at(0),
                (tensors.bias ? LoadAt(tensors.bias, channel) : S32(0)) - in_zero * sum),
        PrepareRequantisation(op, parameters, at(0), LoadAt(tensors.multiplier, channel),
                              LoadAt(tensors.shift, channel), out_zero, unfit),
        StoreAt(params, at(0), bias * S32(2)),
    });
  };
  return MakeBlock(
      {StoreAt(parameters.plain, Expr(0), S32(0)), Loop("channel", num_channels, channel_body)});
}

Expr ShortResult(const Operator& op, const ShortParameters& parameters, const Expr& acc,
                 const Expr& params_index) {
  const auto param = [&](int64_t which) {
    return LoadAt(parameters.params, params_index + Expr(which));
  };
  return ShortResult(op, {acc * S32(2) + param(0), param(1), param(2), param(3)});
}

Expr ShortResult(const Operator& op, const ShortOperands& operands) {
  const auto call = [&](const Expr& right) {
    return MakeCall(Intrinsic::kRequantizeShort,
                    {operands.x2, operands.multiplier, operands.addend, right});
  };
  const Epilogue& epilogue = op.workload.epilogue;
  int64_t low = -128, high = 127;
  Expr value;
  if (IsRelu(op)) {
    value =
        Max(call(FloorMod(operands.right, S32(256))), S32(0)) + FloorDiv(operands.right, S32(256));
  } else {
    value = call(operands.right);
  }
  if (epilogue.activation == Epilogue::Activation::kClip) {
    low = static_cast<int64_t>(epilogue.clip_low);
    high = static_cast<int64_t>(epilogue.clip_high);
  }
  return MakeCast({DType::kS8, 1}, Min(Max(value, S32(low)), S32(high)));
}

namespace {

// The operator's own loops, one output at a time, so that they take no memory.
Schedule PlainSchedule(const Operator& op) {
  Schedule schedule;
  for (const Stage& stage : op.stages) {
    if (stage.is_padding) schedule.steps.push_back(Inline(stage.name));
  }
  const Stage& last = op.stages.back();
  for (size_t i = 0; i + 1 < op.stages.size(); ++i) {
    if (op.stages[i].is_padding) continue;
    schedule.steps.push_back(ComputeAt(op.stages[i].name, last.name, last.axes.back().name));
  }
  return schedule;
}

}  // namespace

absl::StatusOr<Stmt> FastOrPlain(const Operator& op, const ShortParameters& parameters, Stmt fast) {
  TUNEFARM_ASSIGN_OR_RETURN(const ScheduledOperator plain, ApplySchedule(op, PlainSchedule(op)));
  TUNEFARM_ASSIGN_OR_RETURN(Stmt loops, BuildNest(plain, false));
  const Expr flag = LoadAt(parameters.plain, Expr(0));
  return MakeBlock({MakeIf(MakeBinary(BinaryOp::kEq, flag, S32(0)), std::move(fast)),
                    MakeIf(MakeBinary(BinaryOp::kEq, flag, S32(1)), std::move(loops))});
}

LoweredKernel FinishExpansion(const Operator& op, const std::vector<Buffer>& packed, Stmt run,
                              Stmt prepare) {
  LoweredKernel kernel;
  for (const OperatorInput& input : op.inputs) {
    kernel.buffers.push_back(
        {input.buffer, input.constant ? BufferRole::kConstant : BufferRole::kInput, input.fill});
  }
  for (const Buffer& buffer : packed) {
    kernel.buffers.push_back({buffer, BufferRole::kPacked, {0, 0, 0}});
  }
  kernel.buffers.push_back({op.output, BufferRole::kOutput, {0, 0, 0}});
  std::vector<Buffer> params;
  for (const KernelBuffer& buffer : kernel.buffers) params.push_back(buffer.buffer);
  kernel.run = {"run", params, std::move(run)};
  kernel.prepare = Function{"prepare", params, std::move(prepare)};
  return kernel;
}

PaddedImage MakePaddedImage(const Operator& op, const Buffer& in) {
  const Workload& w = op.workload;
  const int64_t height = w.h + w.pad_top + w.pad_bottom, width = w.w + w.pad_left + w.pad_right;
  PaddedImage image{in, w.w * w.c, w.h * w.w * w.c, false};
  if (height == w.h && width == w.w) return image;
  image.is_copy = true;
  image.row_elems = width * w.c;
  image.image_elems = height * image.row_elems;
  image.buffer = MakeBuffer("padded", DType::kS8, {w.n * image.image_elems}, Scope::kScratch);
  return image;
}

Expr PairedInput(const Expr& pair, const Expr& half, bool by_fours) {
  if (!by_fours) return pair * Expr(2) + half;
  return FloorDiv(pair, Expr(2)) * Expr(4) + FloorMod(pair, Expr(2)) + half * Expr(2);
}

Stmt FillPaddedImage(const Operator& op, const QuantisedTensors& tensors,
                     const PaddedImage& image) {
  const Workload& w = op.workload;
  // Words where every run is a multiple of one.
  const int lanes = w.c % 4 == 0 ? 4 : 1;
  constexpr int64_t kUnroll = 8;
  const Expr zero = MakeCast({DType::kS8, 1}, LoadAt(tensors.zero_points, Expr(0)));
  const auto fill = [&](const Expr& begin, int64_t elems) {
    return UnrolledLoop("i", elems / lanes, kUnroll, [&](const Expr& i) {
      return StoreVector(image.buffer, begin + i * Expr(lanes), lanes, MakeBroadcast(zero, lanes));
    });
  };
  const int64_t left = w.pad_left * w.c, right = w.pad_right * w.c, middle = w.w * w.c;
  return Loop("n", w.n, [&](const Expr& n) {
    const Expr begin = n * Expr(image.image_elems);
    const Expr body = begin + Expr(w.pad_top * image.row_elems);
    return MakeBlock({
        fill(begin, w.pad_top * image.row_elems),
        Loop("h", w.h,
             [&](const Expr& h) {
               const Expr row = body + h * Expr(image.row_elems);
               const Expr source = (n * Expr(w.h) + h) * Expr(middle);
               return MakeBlock({fill(row, left),
                                 UnrolledLoop("i", middle / lanes, kUnroll,
                                              [&](const Expr& i) {
                                                const Expr offset = i * Expr(lanes);
                                                return StoreVector(
                                                    image.buffer, row + Expr(left) + offset, lanes,
                                                    LoadVector(tensors.in, source + offset, lanes));
                                              }),
                                 fill(row + Expr(left + middle), right)});
             }),
        fill(body + Expr(w.h * image.row_elems), w.pad_bottom * image.row_elems),
    });
  });
}

}  // namespace tunefarm::compiler
