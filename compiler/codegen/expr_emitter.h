// Emits expressions, loads and stores of the IR as LLVM instructions at a builder's position.
//
// Addresses are what decides the quality of the inner loop. An index is taken apart
// (linear_index.h) and the pointer is built from the outermost loop's part inward: base + part of
// loop 1 + part of loop 2 + constant. Each part is computed once, at the head of the loop it
// belongs to, and shared by all accesses that start with the same parts; the constant is left to
// the addressing mode. So no pass has to find common subexpressions or hoist them.
#ifndef TUNEFARM_COMPILER_CODEGEN_EXPR_EMITTER_H_
#define TUNEFARM_COMPILER_CODEGEN_EXPR_EMITTER_H_

#include <llvm/IR/IRBuilder.h>

#include <limits>
#include <map>
#include <unordered_map>
#include <utility>
#include <vector>

#include "compiler/codegen/alias_scopes.h"
#include "compiler/codegen/linear_index.h"
#include "compiler/ir/nodes.h"
#include "compiler/target/target.h"

namespace tunefarm::compiler {

// A buffer inside the LLVM function under construction.
struct BufferPlace {
  llvm::Value* base = nullptr;
  AliasMetadata alias;
  bool read_only = false;  // Nothing in the whole entry stores to it.
};

class ExprEmitter {
 public:
  // Both must outlive the emitter.
  ExprEmitter(llvm::IRBuilder<>& builder, const Target& target);

  // Opens the scope of the function (the first) or of a parallel body: code that depends on nothing
  // further inside is emitted before `anchor`, an instruction that dominates everything emitted
  // until Leave.
  void Enter(llvm::Instruction* anchor);
  // Opens the scope of a loop whose counter is the phi `counter` in the block that ends with
  // `anchor`; the counter's first incoming value is that of the block before the loop.
  void EnterLoop(llvm::PHINode* counter, llvm::Instruction* anchor);
  // Closes the innermost scope, at the end of the loop's last block if it is a loop's.
  void Leave();

  // `value` must dominate the anchor of the innermost scope.
  void BindVar(const ExprNode* var, llvm::Value* value);
  // var = value, evaluated where the scopes that `value` depends on begin.
  void BindVar(const ExprNode* var, const Expr& value);
  void BindBuffer(const BufferNode* buffer, BufferPlace place);
  // Null if it is not bound.
  llvm::Value* FindVar(const ExprNode* var) const;
  const BufferPlace* FindBuffer(const BufferNode* buffer) const;

  llvm::Value* Emit(const Expr& expr);
  void EmitStore(const Store& store);

  // The address of an element; `index` has one lane.
  llvm::Value* EmitAddress(const Buffer& buffer, const LinearIndex& index);

  llvm::Type* LlvmType(Type type);
  // A constant of the type that subscripts have: as wide as a pointer.
  llvm::ConstantInt* Index(int64_t value);

 private:
  static constexpr int kHere = std::numeric_limits<int>::max();

  struct Binding {
    llvm::Value* value = nullptr;
    int depth = 0;  // Of the scope in which it is bound, or kHere.
  };
  // The part of a pointer that belongs to one scope: previous pointer, then (term, byte factor)
  // each.
  using PointerPart = std::pair<llvm::Value*, std::vector<std::pair<const ExprNode*, int64_t>>>;
  // A pointer that moves by a constant number of bytes with the loop: a phi of its own instead of a
  // multiplication.
  struct MovingPointer {
    llvm::PHINode* phi = nullptr;
    llvm::Value* start = nullptr;  // At counter 0.
    int64_t step_bytes = 0;
  };
  struct LoopScope {
    llvm::Instruction* anchor = nullptr;
    llvm::PHINode* counter = nullptr;  // Null for the scope of a function.
    std::map<PointerPart, llvm::Value*> pointers;
    std::vector<MovingPointer> moving;
  };

  llvm::Value* Emit(const IntImm& node);
  llvm::Value* Emit(const FloatImm& node);
  llvm::Value* Emit(const Var& node);
  llvm::Value* Emit(const Cast& node);
  llvm::Value* Emit(const Binary& node);
  llvm::Value* Emit(const Select& node);
  llvm::Value* Emit(const Load& node);
  llvm::Value* Emit(const Ramp& node);
  llvm::Value* Emit(const Broadcast& node);
  llvm::Value* Emit(const Call& node);

  llvm::Value* EmitMultiplyAdd(const Binary& product, const Expr& addend);
  llvm::Value* EmitArithmetic(const Binary& node, llvm::Value* a, llvm::Value* b);
  llvm::Value* EmitFloatArithmetic(BinaryOp op, llvm::Value* a, llvm::Value* b);
  llvm::Value* EmitFloorDivision(const Binary& node, llvm::Value* a, llvm::Value* b);
  llvm::Value* EmitBranch(const Select& node);

  // memory_access.cc
  // Of the innermost scope that `expr` depends on; kHere if it must be evaluated exactly where it
  // stands.
  int DepthOf(const Expr& expr) const;
  llvm::Value* EmitAt(int depth, const Expr& expr);
  llvm::Value* PointerTo(const BufferPlace& place, int64_t elem_bytes, const LinearIndex& index);
  llvm::Value* PointerPartAt(int depth, llvm::Value* start, const std::vector<LinearTerm>& terms,
                             int64_t elem_bytes);
  llvm::Value* EmitPart(llvm::Value* start, const std::vector<LinearTerm>& terms,
                        int64_t elem_bytes);
  llvm::Value* MovePointer(LoopScope& scope, llvm::Value* start, int64_t step_bytes);
  void AdvancePointers(const LoopScope& scope);
  void ReplaceByIndexing(const LoopScope& scope);
  llvm::Value* LoadAt(const BufferPlace& place, llvm::Type* type, llvm::Value* pointer,
                      llvm::Align align);
  void StoreAt(const BufferPlace& place, llvm::Value* value, llvm::Value* pointer,
               llvm::Align align);
  bool IsPackedWord(Type type) const;
  llvm::Value* EmitLanesLoad(const Load& node, const BufferPlace& place, const LinearIndex& index);
  llvm::Value* EmitGather(const Load& node, const BufferPlace& place);
  // Pointers to the elements that the lanes of a vector index name, for accesses without a pattern.
  std::vector<llvm::Value*> LanePointers(const BufferPlace& place, int64_t elem_bytes,
                                         const Expr& index);

  llvm::IRBuilder<>& builder_;
  const Target& target_;
  std::vector<LoopScope> scopes_;
  std::unordered_map<const ExprNode*, Binding> vars_;
  std::unordered_map<const BufferNode*, BufferPlace> buffers_;
};

}  // namespace tunefarm::compiler

#endif  // TUNEFARM_COMPILER_CODEGEN_EXPR_EMITTER_H_
