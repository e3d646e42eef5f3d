#include "compiler/op/evaluate.h"

#include "base/status.h"
#include "compiler/ir/interpret.h"

namespace tunefarm::compiler {
namespace {

Stmt Loops(const std::vector<Axis>& axes, Stmt body) {
  for (auto axis = axes.rbegin(); axis != axes.rend(); ++axis) {
    body = MakeFor(axis->var, 0, axis->extent, LoopKind::kSerial, std::move(body));
  }
  return body;
}

Stmt StageLoops(const Stage& stage) {
  std::vector<Expr> indices;
  for (const Axis& axis : stage.axes) indices.push_back(axis.var);
  if (stage.reduction == Reduction::kNone) {
    return Loops(stage.axes, MakeStore(stage.buffer, indices, stage.value));
  }
  const Expr so_far = MakeLoad(stage.buffer, indices);
  const Expr next =
      stage.reduction == Reduction::kSum ? so_far + stage.value : Max(so_far, stage.value);
  const Stmt init = MakeStore(stage.buffer, indices, stage.init);
  const Stmt update = Loops(stage.reduce_axes, MakeStore(stage.buffer, indices, next));
  return Loops(stage.axes, MakeBlock({init, update}));
}

}  // namespace

Function NaiveLoops(const Operator& op) {
  std::vector<Stmt> stmts;
  for (const Stage& stage : op.stages) stmts.push_back(StageLoops(stage));
  Stmt body = MakeBlock(std::move(stmts));
  for (auto stage = op.stages.rbegin(); stage != op.stages.rend(); ++stage) {
    if (stage->buffer != op.output) body = MakeAllocate(stage->buffer, std::move(body));
  }
  Function function;
  function.name = Name(op.workload.op);
  for (const OperatorInput& input : op.inputs) function.params.push_back(input.buffer);
  function.params.push_back(op.output);
  function.body = std::move(body);
  return function;
}

absl::StatusOr<TensorBytes> EvaluateStages(const Operator& op, std::vector<TensorBytes> inputs) {
  TensorBytes out(static_cast<size_t>(op.output->num_elems() * SizeBytes(op.output->dtype)));
  std::vector<TensorBytes*> buffers;
  for (TensorBytes& input : inputs) buffers.push_back(&input);
  buffers.push_back(&out);
  TUNEFARM_RETURN_IF_ERROR(Interpret(NaiveLoops(op), buffers));
  return out;
}

}  // namespace tunefarm::compiler
