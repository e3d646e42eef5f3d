#include "absl/strings/str_format.h"
#include "compiler/schedule/templates/templates.h"

namespace tunefarm::compiler {
namespace {

std::unique_ptr<BoundTemplate> BindFirst(const Operator& op, const Target& target) {
  if (TakesCortexMPairTile(op, target)) return BindCortexMPairTile(op, target);
  if (TakesCortexMWindowRows(op, target)) return BindCortexMWindowRows(op, target);
  if (TakesCortexMTableAdd(op, target)) return BindCortexMTableAdd(op, target);
  if (TakesCortexMTableSoftmax(op, target)) return BindCortexMTableSoftmax(op, target);
  if (TakesGemm(op)) return BindGemm(op, target);
  if (TakesConv2dDirect(op)) return BindConv2dDirect(op, target);
  if (TakesWindow(op)) return BindWindow(op, target);
  return BindPlain(op, target);
}

}  // namespace

absl::StatusOr<std::unique_ptr<BoundTemplate>> BindTemplate(const Operator& op,
                                                            const Target& target) {
  std::unique_ptr<BoundTemplate> bound = BindFirst(op, target);
  if (target.code_memories.empty()) return bound;
  return WithCodePlacement(std::move(bound), target, op.stages.back().name);
}

}  // namespace tunefarm::compiler
