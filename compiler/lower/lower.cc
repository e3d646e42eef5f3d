#include "compiler/lower/lower.h"

#include "base/status.h"
#include "compiler/ir/simplify.h"
#include "compiler/ir/verify.h"
#include "compiler/lower/expand/expand.h"
#include "compiler/lower/nest.h"
#include "compiler/lower/passes.h"
#include "compiler/schedule/scheduled_operator.h"

namespace tunefarm::compiler {
namespace {

// Runs the passes over one entry. A verifier error is a broken invariant of a pass, never the
// schedule's fault.
Function RunPasses(Function function, const LowerObserver& observer) {
  const auto finish = [&](const char* pass) {
    const absl::Status status = Verify(function);
    TUNEFARM_CHECK(status.ok(), std::string("after ") + pass + ": " + base::OneLine(status));
    if (observer) observer(pass, function);
  };
  finish("build");
  const auto run = [&](const char* pass, Stmt (*transform)(const Stmt&)) {
    function.body = transform(function.body);
    finish(pass);
  };
  run("flatten", FlattenAccesses);
  run("simplify", Simplify);
  run("vectorize", VectorizeLoops);
  run("unroll", UnrollAndSimplify);
  run("demote_registers", DemoteRegisters);
  return function;
}

std::vector<KernelBuffer> KernelBuffers(const ScheduledOperator& scheduled) {
  std::vector<KernelBuffer> buffers;
  for (const OperatorInput& input : scheduled.op.inputs) {
    buffers.push_back(
        {input.buffer, input.constant ? BufferRole::kConstant : BufferRole::kInput, input.fill});
  }
  for (const ScheduledStage& stage : scheduled.stages) {
    if (stage.prepared && stage.scope == Scope::kArgument) {
      buffers.push_back({stage.stage.buffer, BufferRole::kPacked, {0, 0, 0}});
    }
  }
  buffers.push_back({scheduled.op.output, BufferRole::kOutput, {0, 0, 0}});
  return buffers;
}

}  // namespace

absl::StatusOr<LoweredKernel> Lower(const Operator& op, const Schedule& schedule,
                                    const LowerObserver& observer) {
  TUNEFARM_ASSIGN_OR_RETURN(const ScheduledOperator scheduled, ApplySchedule(op, schedule));
  if (scheduled.expansion) {
    TUNEFARM_ASSIGN_OR_RETURN(LoweredKernel kernel, Expand(op, *scheduled.expansion));
    kernel.code_memory = scheduled.code_memory;
    kernel.run = RunPasses(std::move(kernel.run), observer);
    kernel.prepare = RunPasses(*std::move(kernel.prepare), observer);
    return kernel;
  }
  LoweredKernel kernel;
  kernel.code_memory = scheduled.code_memory;
  kernel.buffers = KernelBuffers(scheduled);
  kernel.streaming = {scheduled.stream_lanes, scheduled.stream_ahead, scheduled.stream_group};
  std::vector<Buffer> params;
  for (const KernelBuffer& buffer : kernel.buffers) params.push_back(buffer.buffer);
  TUNEFARM_ASSIGN_OR_RETURN(Stmt run, BuildNest(scheduled, false));
  TUNEFARM_ASSIGN_OR_RETURN(Stmt prepare, BuildNest(scheduled, true));
  kernel.run = RunPasses({"run", params, std::move(run)}, observer);
  const Block* nothing = prepare.as<Block>();
  if (nothing == nullptr || !nothing->stmts.empty()) {
    kernel.prepare = RunPasses({"prepare", params, std::move(prepare)}, observer);
  }
  return kernel;
}

}  // namespace tunefarm::compiler
