// Tells LLVM that distinct buffers never overlap, by !alias.scope and !noalias on every access.
// Metadata rather than `noalias` arguments because it holds for scratch buffers too, and down to
// the instruction scheduler.
#ifndef TUNEFARM_COMPILER_CODEGEN_ALIAS_SCOPES_H_
#define TUNEFARM_COMPILER_CODEGEN_ALIAS_SCOPES_H_

#include <llvm/IR/LLVMContext.h>
#include <llvm/IR/Metadata.h>

#include <unordered_map>
#include <vector>

#include "compiler/codegen/scratch_layout.h"
#include "compiler/ir/nodes.h"

namespace tunefarm::compiler {

struct AliasMetadata {
  llvm::MDNode* scope = nullptr;    // For !alias.scope; null: nothing is known.
  llvm::MDNode* noalias = nullptr;  // For !noalias; may be null.
};

// The metadata of accesses to `buffers` (each once) inside one LLVM function. Scratch buffers that
// share bytes according to `ranges` are not told apart.
std::unordered_map<const BufferNode*, AliasMetadata> MakeAliasMetadata(
    llvm::LLVMContext& context, const std::vector<Buffer>& buffers, const ScratchRanges& ranges);

}  // namespace tunefarm::compiler

#endif  // TUNEFARM_COMPILER_CODEGEN_ALIAS_SCOPES_H_
