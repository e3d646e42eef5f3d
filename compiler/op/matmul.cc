// Matrix products: dense, matmul, and the 1x1 convolution that is one.
#include "compiler/op/build.h"

namespace tunefarm::compiler {
namespace {

// The names by which an operator calls its tensors and axes.
struct MatrixNames {
  const char* in;
  const char* weights;
  const char* rows;
  const char* columns;
  const char* reduce;
};

Operator BuildProduct(const Workload& w, int64_t num_rows, const MatrixNames& names) {
  OperatorBuilder builder(w);
  const WeightedInputs inputs = builder.AddWeightedInputs(names.in, {num_rows, w.c}, names.weights,
                                                          {w.c, w.oc}, {num_rows, w.oc}, w.c);
  const Axis row = MakeAxis(names.rows, num_rows);
  const Axis column = MakeAxis(names.columns, w.oc);
  const Axis k = MakeAxis(names.reduce, w.c);
  MainStage main;
  main.axes = {row, column};
  main.channel = column.var;
  main.reduce_axes = {k};
  main.reduction = Reduction::kSum;
  main.init = w.dtype == DType::kF32 ? MakeFloat(0) : MakeInt(0, {DType::kS32, 1});
  main.value = builder.Product(inputs, MakeLoad(inputs.in, {row.var, k.var}),
                               MakeLoad(inputs.weights, {k.var, column.var}));
  return builder.FinishWeighted(std::move(main), inputs);
}

}  // namespace

Operator BuildDense(const Workload& w) { return BuildProduct(w, w.n, {"in", "w", "m", "oc", "k"}); }

Operator BuildMatmul(const Workload& w) { return BuildProduct(w, w.n, {"a", "b", "m", "n", "k"}); }

Operator BuildPointwiseConv2d(const Workload& w) {
  return BuildProduct(w, w.n * w.h * w.w, {"in", "w", "m", "oc", "ic"});
}

}  // namespace tunefarm::compiler
