// The parts that operators are built from: inputs with their fills, axes in memory order, padding,
// epilogues. Private to compiler/op: everybody else calls BuildOperator.
#ifndef TUNEFARM_COMPILER_OP_BUILD_H_
#define TUNEFARM_COMPILER_OP_BUILD_H_

#include <string>
#include <vector>

#include "compiler/op/operator.h"

namespace tunefarm::compiler {

// Test data, by kind of tensor.
tunefarm_fill DataFill(DType dtype);
tunefarm_fill WeightFill(DType dtype);
tunefarm_fill BiasFill(DType dtype);
tunefarm_fill ZeroPointFill();
tunefarm_fill MultiplierFill();

Axis MakeAxis(std::string name, int64_t extent);

// The channel of an image: one expression, or in a blocked layout a block and a lane in it.
struct Channel {
  Expr flat;         // The channel's number, in every layout.
  Expr block, lane;  // Blocked layouts only.
};

// The axes of a tensor of images in memory order.
struct ImageAxes {
  std::vector<Axis> axes;
  Expr n, h, w;
  Channel c;
};

// Names of the axes; blocked layouts append _block and _lane to the channel's.
struct ImageNames {
  std::string n, h, w, c;
};

// extents: n, h, w, c.
ImageAxes MakeImageAxes(const Workload& workload, const ImageNames& names,
                        const std::array<int64_t, 4>& extents);
std::vector<int64_t> ImageExtents(const Workload& workload, const std::array<int64_t, 4>& extents);
std::vector<Expr> ImageIndices(const Workload& workload, Expr n, Expr h, Expr w, const Channel& c);

// The tensors of an operator with weights. Null where the workload has none.
struct WeightedInputs {
  Buffer in, residual;
  Buffer weights, bias, multiplier, shift, zero_points;
};

// What a main stage computes, before it is known whether it writes the output itself.
struct MainStage {
  std::vector<Axis> axes;
  Expr channel;  // The output channel as an expression in `axes`: what bias and requantisation
                 // depend on.
  std::vector<Axis> reduce_axes;
  Reduction reduction = Reduction::kNone;
  Expr init;
  Expr value;  // Its dtype is the accumulator's.
};

class OperatorBuilder {
 public:
  explicit OperatorBuilder(const Workload& workload);

  Buffer AddData(std::string name, DType dtype, std::vector<int64_t> extents);
  Buffer AddConstant(std::string name, DType dtype, std::vector<int64_t> extents,
                     tunefarm_fill fill);

  // All tensors of an operator with weights. `reduction_elems` is the number of products in one
  // output element: the requantisation's fill follows from it.
  WeightedInputs AddWeightedInputs(const std::string& in_name, std::vector<int64_t> in_extents,
                                   const std::string& weights_name,
                                   std::vector<int64_t> weight_extents,
                                   std::vector<int64_t> out_extents, int64_t reduction_elems);

  // Tolerance of f32 results for sums of `num_terms` terms of magnitude 1 or less; s8 stays exact.
  void SetFloatTolerance(int64_t num_terms);

  // The "pad" stage of `in`, if the workload pads; otherwise `in` itself.
  Buffer Pad(Buffer in, Expr pad_value);

  // in x weights as the term of a sum: f32, or s8 less the input's zero point in s32.
  Expr Product(const WeightedInputs& inputs, Expr in, Expr weight) const;

  // Ends an operator with weights: the main stage and, if there is an epilogue, the stage "out".
  Operator FinishWeighted(MainStage main, const WeightedInputs& inputs);

  // A stage before the last one; returns what it computes. `main.channel` is not looked at.
  Buffer AddStage(std::string name, MainStage main);

  // Ends an operator whose main stage writes the output.
  Operator Finish(MainStage main);

  // Ends an operator by the stage "out" on top of the main stage: `finish` maps the main stage's
  // element and fresh axes (like main's) to the output's element.
  struct OutPoint {
    Expr element;
    std::vector<Axis> axes;
    Expr channel;
  };
  template <typename Fn>
  Operator FinishThrough(MainStage main, Fn&& finish) {
    const OutPoint point = AddIntermediate(std::move(main));
    return AddOut(point.axes, finish(point));
  }

  const Workload& workload() const { return op_.workload; }
  // What a pad stage stores in s8: the input's zero point, the value that means zero.
  static Expr ZeroPoint(const Buffer& zero_points, int64_t which);

 private:
  OutPoint AddIntermediate(MainStage main);
  Operator AddOut(std::vector<Axis> axes, Expr value);
  Operator Take();

  Operator op_;
  std::vector<OperatorInput> constants_;
};

// The epilogue's arithmetic on one element.
Expr ApplyActivation(const Epilogue& epilogue, Expr value);
// The s8 value of an s32 that already includes the output's zero point. relu clamps at that zero
// point, clip at its bounds.
Expr SaturateToS8(Expr value, const Epilogue& epilogue, Expr zero_point);

// One per family; the workload has been checked.
// A convolution that is a matrix product: IsPointwise.
Operator BuildPointwiseConv2d(const Workload& workload);
Operator BuildConv2d(const Workload& workload);
Operator BuildDepthwiseConv2d(const Workload& workload);
Operator BuildDense(const Workload& workload);
Operator BuildMatmul(const Workload& workload);
Operator BuildMaxPool2d(const Workload& workload);
Operator BuildAvgPool2d(const Workload& workload);
Operator BuildAdd(const Workload& workload);
Operator BuildRelu(const Workload& workload);
Operator BuildSoftmax(const Workload& workload);

}  // namespace tunefarm::compiler

#endif  // TUNEFARM_COMPILER_OP_BUILD_H_
