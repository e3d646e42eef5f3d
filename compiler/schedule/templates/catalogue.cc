#include "absl/strings/str_format.h"
#include "compiler/schedule/templates/templates.h"

namespace tunefarm::compiler {

absl::StatusOr<std::unique_ptr<BoundTemplate>> BindTemplate(const Operator& op,
                                                            const Target& target) {
  if (TakesCortexMPairTile(op, target)) return BindCortexMPairTile(op, target);
  if (TakesCortexMWindowRows(op, target)) return BindCortexMWindowRows(op, target);
  if (TakesCortexMTableAdd(op, target)) return BindCortexMTableAdd(op, target);
  if (TakesCortexMTableSoftmax(op, target)) return BindCortexMTableSoftmax(op, target);
  if (TakesGemm(op)) return BindGemm(op, target);
  if (TakesConv2dDirect(op)) return BindConv2dDirect(op, target);
  if (TakesWindow(op)) return BindWindow(op, target);
  return BindPlain(op, target);
}

}  // namespace tunefarm::compiler
