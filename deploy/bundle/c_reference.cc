#include "deploy/bundle/c_reference.h"

#include <array>
#include <cmath>
#include <cstdint>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "base/status.h"
#include "deploy/bundle/c_softmax.h"
#include "deploy/bundle/c_text.h"

namespace tunefarm::deploy {
namespace {

using compiler::DType;
using compiler::Epilogue;
using compiler::Layout;
using compiler::Operator;
using compiler::OpKind;
using compiler::Workload;

// gemmlowp's and TFLite's fixed point (fixedpoint.h, kernels/internal/common.h), with double
// rounding.
constexpr char kFixedPoint[] = R"c(static int32_t high_mul(int32_t a, int32_t b) {
  const int64_t product = (int64_t)a * b;
  const int64_t nudge = product >= 0 ? INT64_C(1) << 30 : 1 - (INT64_C(1) << 30);
  if (a == INT32_MIN && b == INT32_MIN) return INT32_MAX;
  return (int32_t)((product + nudge) / (INT64_C(1) << 31));
}

static int32_t divide_by_power_of_two(int32_t x, int exponent) {
  const int32_t mask = (int32_t)((INT64_C(1) << exponent) - 1);
  return (x >> exponent) + ((x & mask) > (mask >> 1) + (x < 0) ? 1 : 0);
}

static int32_t rescale(int32_t x, int32_t multiplier, int shift) {
  const int left = shift > 0 ? shift : 0;
  const int right = shift > 0 ? 0 : -shift;
  return divide_by_power_of_two(high_mul((int32_t)((uint32_t)x << left), multiplier), right);
}

)c";

constexpr char kClamp[] = R"c(static int8_t clamp(int32_t value, int32_t low, int32_t high) {
  if (value < low) value = low;
  if (value < -128) value = -128;
  return (int8_t)(value > high ? high : value);
}
)c";

// The position in memory of element (n, h, w, c), given as C expressions, of an image of
// `workload`'s layout.
std::string ImageIndex(const Workload& workload, int64_t num_h, int64_t num_w, int64_t num_c,
                       const std::string& n, const std::string& h, const std::string& w,
                       const std::string& c) {
  switch (workload.layout) {
    case Layout::kNone:  // A matrix: rows are images of one pixel.
    case Layout::kNhwc:
      return absl::StrFormat("((%s * %d + %s) * %d + %s) * %d + %s", n, num_h, h, num_w, w, num_c,
                             c);
    case Layout::kNchw:
      return absl::StrFormat("((%s * %d + %s) * %d + %s) * %d + %s", n, num_c, c, num_h, h, num_w,
                             w);
    case Layout::kNchwc: {
      const int64_t block = workload.channel_block;
      return absl::StrFormat("(((%s * %d + (%s) / %d) * %d + %s) * %d + %s) * %d + (%s) %% %d", n,
                             num_c / block, c, block, num_h, h, num_w, w, block, c, block);
    }
  }
  __builtin_unreachable();
}

std::string Loop(int depth, const char* var, int64_t extent) {
  return absl::StrFormat("%*sfor (int64_t %s = 0; %s < %d; ++%s) {\n", 2 * depth, "", var, var,
                         extent, var);
}

std::string CloseLoops(int from_depth, int to_depth) {
  std::string text;
  for (int depth = from_depth; depth >= to_depth; --depth)
    text += absl::StrFormat("%*s}\n", 2 * depth, "");
  return text;
}

// The statements that apply f32's activation to the variable `value`.
std::string FloatActivation(const Epilogue& epilogue) {
  const compiler::ActivationBounds bounds = compiler::BoundsOf(epilogue);
  std::string text;
  if (std::isfinite(bounds.low)) {
    text += absl::StrFormat("          if (value < (float)%.9g) value = (float)%.9g;\n", bounds.low,
                            bounds.low);
  }
  if (std::isfinite(bounds.high)) {
    text += absl::StrFormat("          if (value > (float)%.9g) value = (float)%.9g;\n",
                            bounds.high, bounds.high);
  }
  return text;
}

// The call of clamp() that brings an s8 operator's `value` into its range.
std::string Clamp(const Epilogue& epilogue, const std::string& value,
                  const std::string& zero_point) {
  std::string low = "-128", high = "127";
  if (epilogue.activation == Epilogue::Activation::kRelu) low = zero_point;
  if (epilogue.activation == Epilogue::Activation::kClip) {
    low = absl::StrFormat("%.0f", epilogue.clip_low);
    high = absl::StrFormat("%.0f", epilogue.clip_high);
  }
  return absl::StrFormat("clamp(%s, %s, %s)", value, low, high);
}

// The loops over (n, oh, ow, oc) of an output of the given extents around `body`, which stands at
// depth 5.
std::string OverOutput(int64_t n, int64_t oh, int64_t ow, int64_t oc, const std::string& body) {
  return Loop(1, "n", n) + Loop(2, "oh", oh) + Loop(3, "ow", ow) + Loop(4, "oc", oc) + body +
         CloseLoops(4, 1);
}

// Loops over the taps of a window that lie inside the image: h and w are the input's coordinates in
// them.
std::string OverTaps(const Workload& w, const std::string& body) {
  return Loop(5, "kh", w.kh) +
         absl::StrFormat("            const int64_t h = oh * %d - %d + kh * %d;\n", w.stride_h,
                         w.pad_top, w.dilation_h) +
         absl::StrFormat("            if (h < 0 || h >= %d) continue;\n", w.h) +
         Loop(6, "kw", w.kw) +
         absl::StrFormat("              const int64_t w_in = ow * %d - %d + kw * %d;\n", w.stride_w,
                         w.pad_left, w.dilation_w) +
         absl::StrFormat("              if (w_in < 0 || w_in >= %d) continue;\n", w.w) + body +
         CloseLoops(6, 5);
}

std::string WeightIndex(const Workload& w, int64_t group_c) {
  if (w.layout == Layout::kNchw || w.layout == Layout::kNchwc) {
    return absl::StrFormat("((oc * %d + ic) * %d + kh) * %d + kw", group_c, w.kh, w.kw);
  }
  return absl::StrFormat("((kh * %d + kw) * %d + ic) * %d + oc", w.kw, group_c, w.oc);
}

// What follows the sum of an operator with weights, up to the store.
std::string WeightedEpilogue(const Workload& w, const std::string& out_index) {
  std::string text;
  if (w.epilogue.bias) text += "          value += bias[oc];\n";
  if (w.dtype == DType::kF32) {
    if (w.epilogue.add) text += absl::StrFormat("          value += residual[%s];\n", out_index);
    text += FloatActivation(w.epilogue);
    return text + absl::StrFormat("          out[%s] = (float)value;\n", out_index);
  }
  text += "          value = rescale(value, multiplier[oc], shift[oc]) + zero_points[1];\n";
  return text + absl::StrFormat("          out[%s] = %s;\n", out_index,
                                Clamp(w.epilogue, "value", "zero_points[1]"));
}

// All operators with weights are one grouped convolution: depthwise has a group per input channel,
// a matrix product is a 1x1 convolution over rows of one pixel.
std::string WeightedBody(const Workload& w) {
  const bool matrix = w.op == OpKind::kDense || w.op == OpKind::kMatmul;
  const int64_t groups = w.op == OpKind::kDepthwiseConv2d ? w.c : w.groups;
  const int64_t group_c = w.c / groups;
  const int64_t oh = matrix ? 1 : w.oh(), ow = matrix ? 1 : w.ow();
  const bool is_float = w.dtype == DType::kF32;
  const char* in = w.op == OpKind::kMatmul ? "a" : "in";
  const char* weights = w.op == OpKind::kMatmul ? "b" : "w";
  const std::string channel =
      groups == 1 ? "ic" : absl::StrFormat("(oc / %d * %d + ic)", w.oc / groups, group_c);
  const std::string element =
      absl::StrFormat("%s[%s]", in, ImageIndex(w, w.h, w.w, w.c, "n", "h", "w_in", channel));
  const std::string weight = absl::StrFormat("%s[%s]", weights, WeightIndex(w, group_c));
  const std::string product = is_float
                                  ? absl::StrFormat("(real)%s * %s", element, weight)
                                  : absl::StrFormat("(%s - zero_points[0]) * %s", element, weight);
  std::string body = is_float ? "          real value = 0;\n" : "          int32_t value = 0;\n";
  body += OverTaps(w, Loop(7, "ic", group_c) +
                          absl::StrFormat("                value += %s;\n", product) +
                          CloseLoops(7, 7));
  body += WeightedEpilogue(w, ImageIndex(w, oh, ow, w.oc, "n", "oh", "ow", "oc"));
  return OverOutput(w.n, oh, ow, w.oc, body);
}

std::string PoolBody(const Workload& w) {
  const std::string element =
      absl::StrFormat("in[%s]", ImageIndex(w, w.h, w.w, w.c, "n", "h", "w_in", "oc"));
  const std::string out_index = ImageIndex(w, w.oh(), w.ow(), w.c, "n", "oh", "ow", "oc");
  const bool is_float = w.dtype == DType::kF32;
  std::string body;
  if (w.op == OpKind::kMaxPool2d) {
    body = absl::StrFormat("          %s value = %s;\n", CType(w.dtype),
                           is_float ? "-__builtin_inff()" : "-128");
    body += OverTaps(
        w, absl::StrFormat("              if (%s > value) value = %s;\n", element, element));
    body += absl::StrFormat("          out[%s] = value;\n", out_index);
  } else {
    body = absl::StrFormat("          %s value = 0;\n          int32_t taps = 0;\n",
                           is_float ? "real" : "int32_t");
    body += OverTaps(
        w, absl::StrFormat("              value += %s;\n              ++taps;\n", element));
    body += is_float ? absl::StrFormat("          out[%s] = (float)(value / taps);\n", out_index)
                     : absl::StrFormat(
                           "          value += value > 0 ? taps / 2 : -(taps / 2);\n"
                           "          out[%s] = clamp(value / taps, -128, 127);\n",
                           out_index);
  }
  return OverOutput(w.n, w.oh(), w.ow(), w.c, body);
}

std::string AddBody(const Workload& w) {
  const std::array<int64_t, 4> full = {w.n, w.h, w.w, w.c};
  const std::array<int64_t, 4> b = w.broadcast[0] == 0 ? full : w.broadcast;
  const auto at = [&](size_t i, const char* var) {
    return b[i] == 1 ? std::string("0") : std::string(var);
  };
  const std::string index = ImageIndex(w, w.h, w.w, w.c, "n", "oh", "ow", "oc");
  const std::string b_index =
      ImageIndex(w, b[1], b[2], b[3], at(0, "n"), at(1, "oh"), at(2, "ow"), at(3, "oc"));
  std::string body;
  if (w.dtype == DType::kF32) {
    body = absl::StrFormat("          float value = a[%s] + b[%s];\n", index, b_index) +
           FloatActivation(w.epilogue) + absl::StrFormat("          out[%s] = value;\n", index);
  } else {
    body = absl::StrFormat(
        "          const int32_t x = rescale((a[%s] - zero_points[0]) * (1 << 20), multipliers[0], "
        "shifts[0]);\n"
        "          const int32_t y = rescale((b[%s] - zero_points[1]) * (1 << 20), multipliers[1], "
        "shifts[1]);\n"
        "          const int32_t sum = rescale(x + y, multipliers[2], shifts[2]) + "
        "zero_points[2];\n"
        "          out[%s] = %s;\n",
        index, b_index, index, Clamp(w.epilogue, "sum", "zero_points[2]"));
  }
  return OverOutput(w.n, w.h, w.w, w.c, body);
}

std::string ReluBody(const Workload& w) {
  const std::string index = ImageIndex(w, w.h, w.w, w.c, "n", "oh", "ow", "oc");
  return OverOutput(
      w.n, w.h, w.w, w.c,
      w.dtype == DType::kF32
          ? absl::StrFormat("          out[%s] = in[%s] > 0 ? in[%s] : 0;\n", index, index, index)
          : absl::StrFormat("          out[%s] = clamp(in[%s], zero_points[0], 127);\n", index,
                            index));
}

std::string Body(const Workload& w) {
  switch (w.op) {
    case OpKind::kConv2d:
    case OpKind::kDepthwiseConv2d:
    case OpKind::kDense:
    case OpKind::kMatmul:
      return WeightedBody(w);
    case OpKind::kMaxPool2d:
    case OpKind::kAvgPool2d:
      return PoolBody(w);
    case OpKind::kAdd:
      return AddBody(w);
    case OpKind::kRelu:
      return ReluBody(w);
    case OpKind::kSoftmax:
      return CSoftmaxBody(w);
  }
  __builtin_unreachable();
}

}  // namespace

std::string CReference(const Operator& op, CLibrary library) {
  std::vector<std::string> parameters;
  for (const compiler::OperatorInput& input : op.inputs) {
    parameters.push_back(
        absl::StrFormat("const %s* %s", CType(input.buffer->dtype), input.buffer->name));
  }
  parameters.push_back(absl::StrFormat("%s* out", CType(op.output->dtype)));
  const std::string body = Body(op.workload);
  const bool exponentiates = absl::StrContains(body, "fixed_exp(");
  const bool rescales = absl::StrContains(body, "rescale(");
  const bool clamps = absl::StrContains(body, "clamp(");
  const bool hosted = library == CLibrary::kHosted;
  std::string helpers;
  if (op.workload.dtype == DType::kF32) {
    helpers += absl::StrFormat("typedef %s real;\n\n", hosted ? "double" : "float");
  }
  if (absl::StrContains(body, "exp_of(")) helpers += hosted ? kCHostedExp : kCFloatExp;
  if (rescales) helpers += kFixedPoint;
  if (exponentiates) helpers += kCFixedExp;
  if (clamps) helpers += kClamp;
  return absl::StrFormat("%sstatic void reference(%s) {\n%s}\n", helpers,
                         absl::StrJoin(parameters, ", "), body);
}

}  // namespace tunefarm::deploy
