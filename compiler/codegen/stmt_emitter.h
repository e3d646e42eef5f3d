// Emits the statements of one LLVM function: loops, conditions, allocations; expressions are the
// ExprEmitter's.
#ifndef TUNEFARM_COMPILER_CODEGEN_STMT_EMITTER_H_
#define TUNEFARM_COMPILER_CODEGEN_STMT_EMITTER_H_

#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/Module.h>

#include <functional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "compiler/codegen/expr_emitter.h"
#include "compiler/codegen/llvm_target.h"
#include "compiler/codegen/scratch_layout.h"
#include "compiler/codegen/usage.h"
#include "compiler/ir/nodes.h"

namespace tunefarm::compiler {

// What the functions of one entry have in common.
struct EntryContext {
  llvm::Module& module;
  const LlvmTarget& target;
  std::string symbol;
  ScratchRanges scratch_ranges;
  std::unordered_set<const BufferNode*> stored;  // Buffers that the entry writes.
  int64_t scratch_bytes_per_worker = 0;
  int num_parallel_bodies = 0;  // Made so far; names the next one.
};

// The values of the enclosing function that every statement may need.
struct FunctionValues {
  llvm::Value* scratch = nullptr;  // Of the worker that runs the function.
  llvm::Value* parallel =
      nullptr;  // const tunefarm_parallel*; null inside a parallel body: loops there are serial.
};

class StmtEmitter {
 public:
  // `function` is empty; its first block ends where Emit begins. `scratch_top` is the byte behind
  // the scratch allocations around this code. All references must outlive the emitter.
  StmtEmitter(EntryContext& entry, llvm::Function* function, int64_t scratch_top);

  // Emits at the head of the function, before anything that Emit makes.
  llvm::IRBuilder<>& builder() { return builder_; }
  ExprEmitter& exprs() { return exprs_; }
  void set_values(FunctionValues values) { values_ = values; }

  // `usage` is that of the code to be emitted: binds each of usage.buffers to its base, and
  // prepares the metadata that tells accesses apart.
  void BindBuffers(const Usage& usage, const std::vector<llvm::Value*>& bases);
  // Ends the head. After this only Emit and builder().
  void EndHead();

  void Emit(const Stmt& stmt);

 private:
  void Emit(const For& node);
  void Emit(const IfThen& node);
  void Emit(const Store& node);
  void Emit(const Allocate& node);
  void Emit(const Block& node);

  // for i in [begin, begin + extent): body(i). Jumps over it if the extent is not positive.
  void EmitCountedLoop(llvm::Value* begin, llvm::Value* extent,
                       const std::function<void(llvm::Value*)>& body);
  llvm::Value* ScratchInHead();
  llvm::Value* AllocaInHead(llvm::Type* type, llvm::Align align);
  llvm::BasicBlock* NewBlock(const char* name);

  // tile_loop.cc
  // False if the target has no code of its own for this tile.
  bool EmitTile(const For& node);
  // Match: what a matcher of thumb/ found.
  template <typename Match>
  void EmitTileBlock(const Match& tile, const std::string& assembly);

  // parallel_loop.cc
  void EmitParallelLoop(const For& node);
  // The function that runs one iteration; its closure holds the values in the order of
  // ClosureValues.
  llvm::Function* EmitParallelBody(const For& node, const Usage& usage, llvm::StructType* closure);
  // Binds the variable of `node` to its lower bound + item, in the head.
  void BindIteration(const For& node, llvm::Value* item);
  std::vector<llvm::Value*> ClosureValues(const Usage& usage) const;

  EntryContext& entry_;
  llvm::Function* function_;
  llvm::IRBuilder<> builder_;
  ExprEmitter exprs_;
  FunctionValues values_;
  int64_t scratch_top_;
  // Metadata of the scratch and argument buffers of this function, by BindBuffers.
  std::unordered_map<const BufferNode*, AliasMetadata> alias_;
};

}  // namespace tunefarm::compiler

#endif  // TUNEFARM_COMPILER_CODEGEN_STMT_EMITTER_H_
