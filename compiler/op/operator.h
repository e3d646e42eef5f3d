// An operator as a small DAG of stages, built from a workload: what schedules act on and what the
// reference checks.
//
// A stage computes one tensor over its axes; later stages read earlier ones and the inputs. Fusion,
// packing and padding are stages, so they are scheduled like everything else. The last stage writes
// the output.
//   conv2d with padding and bias+relu:   pad -> conv2d -> out
#ifndef TUNEFARM_COMPILER_OP_OPERATOR_H_
#define TUNEFARM_COMPILER_OP_OPERATOR_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "compiler/ir/nodes.h"
#include "compiler/op/workload.h"
#include "proto/tensor_fill.h"

namespace tunefarm::compiler {

// One loop of a stage: a data-parallel axis runs over the output, a reduction axis is summed (or
// maximised) away.
struct Axis {
  std::string name;  // n oh ow oc | kh kw ic | m n k | h w c: the operator's letters.
  Expr var;          // A Var; the stage's expressions are written in it.
  int64_t extent = 1;
};

enum class Reduction { kNone, kSum, kMax };

struct Stage {
  std::string name;               // Unique in the operator: "pad", "conv2d", "out".
  Buffer buffer;                  // What it computes; extents are those of `axes`, in order.
  std::vector<Axis> axes;         // Data-parallel.
  std::vector<Axis> reduce_axes;  // Empty unless reduction != kNone.
  Reduction reduction = Reduction::kNone;
  Expr init;   // Start of a reduction (a constant). Undefined for kNone.
  Expr value;  // kNone: the element at (axes). Else the term at (axes, reduce_axes).
  // A pad stage: value == Select(inside, load, pad_value) with `inside` a conjunction (kAnd) of
  // comparisons. Where `inside` is false the consumer's reduction term is the identity of its
  // reduction, so that scheduling may skip those terms instead of computing them.
  bool is_padding = false;
};

// A tensor given by the caller.
struct OperatorInput {
  Buffer buffer;
  bool constant = false;  // Weights, bias, quantisation data: may be packed ahead of time.
  tunefarm_fill fill;     // How test data for it is drawn.
};

struct Operator {
  Workload workload;
  std::vector<OperatorInput>
      inputs;                 // Data first, then constants: the order of the kernel's signature.
  std::vector<Stage> stages;  // In order of computation; the last one writes `output`.
  Buffer output;
  // Tolerance of compiled against reference results: |got - want| <= absolute + relative x |want|.
  // Zero for s8: exact.
  double absolute_tolerance = 0;
  double relative_tolerance = 0;

  const Stage* FindStage(const std::string& name) const;  // Null if there is none.
};

// Buffers and stages by operator (extents in memory order):
//   conv2d nhwc    in[n,h,w,c] w[kh,kw,c/g,oc] (weights as HWIO) bias[oc] (multiplier[oc] shift[oc]
//   zero_points[2] = input, output)
//                  (residual = out's shape) -> out[n,oh,ow,oc]. Stages: pad (if any padding),
//                  conv2d, out (if any epilogue). Axes n oh ow oc; reduce kh kw ic. Grouped: the
//                  input channel is (oc / (oc/g)) * (c/g) + ic.
//   conv2d nchw    in[n,c,h,w] w[oc,c/g,kh,kw]; axes n oc oh ow; reduce ic kh kw.
//   conv2d nchwXc  in[n,c/X,h,w,X] w[oc,c/g,kh,kw] out[n,oc/X,oh,ow,X]; axes n oc_block oh ow
//   oc_lane; reduce ic_block kh kw ic_lane.
//                  Groups must be 1; c and oc are multiples of X.
//   conv2d with kernel 1x1, stride 1, no padding, one group, nhwc: the same buffers seen as
//   matrices, in[m=n*h*w, k=c], w[k, oc],
//                  out[m, oc]; stage axes m oc, reduce k (named m, oc, ic). GEMM templates take it
//                  from there.
//   depthwise      in[n,h,w,c] w[kh,kw,c,multiplier] -> out[n,oh,ow,c*multiplier]; axes n oh ow oc,
//   reduce kh kw (nhwc; nchw alike). dense          in[m,k] w[k,oc] bias[oc] -> out[m,oc] matmul
//   a[m,k] b[k,n] -> out[m,n]; b is constant (weights). max/avg pool   in -> out; avg divides by
//   the number of taps inside the image (TFLite). add, relu      elementwise with broadcasting of
//   the second operand. softmax        in[n,c] (s8:
//   multiplier[1] shift[1] diff_min[1] of TFLite, which bring a difference of logits to Q5.26) ->
//   out[n,c], in s8 with scale 1/256 and zero point -128. Stages: max, exp, sum, scale (s8),
//   softmax.
// Errors: kInvalidArgument for combinations that do not exist (message names the key's part).
absl::StatusOr<Operator> BuildOperator(const Workload& workload);

}  // namespace tunefarm::compiler

#endif  // TUNEFARM_COMPILER_OP_OPERATOR_H_
