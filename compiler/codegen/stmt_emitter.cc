#include "compiler/codegen/stmt_emitter.h"

#include <llvm/IR/Constants.h>

#include "absl/strings/str_format.h"
#include "base/status.h"
#include "compiler/ir/visit.h"
#include "proto/kernel_abi.h"

namespace tunefarm::compiler {

StmtEmitter::StmtEmitter(EntryContext& entry, llvm::Function* function, int64_t scratch_top)
    : entry_(entry),
      function_(function),
      builder_(llvm::BasicBlock::Create(function->getContext(), "head", function)),
      exprs_(builder_, entry.target.target),
      scratch_top_(scratch_top) {}

llvm::BasicBlock* StmtEmitter::NewBlock(const char* name) {
  return llvm::BasicBlock::Create(function_->getContext(), name, function_);
}

void StmtEmitter::BindBuffers(const Usage& usage, const std::vector<llvm::Value*>& bases) {
  std::vector<Buffer> in_memory = usage.scratch;
  for (const Buffer& buffer : usage.buffers) {
    if (buffer->scope != Scope::kRegister) in_memory.push_back(buffer);
  }
  alias_ = MakeAliasMetadata(function_->getContext(), in_memory, entry_.scratch_ranges);
  for (size_t i = 0; i < usage.buffers.size(); ++i) {
    const BufferNode* buffer = usage.buffers[i].get();
    exprs_.BindBuffer(buffer, {bases[i], alias_[buffer], !entry_.stored.contains(buffer)});
  }
}

void StmtEmitter::EndHead() {
  llvm::BasicBlock* body = NewBlock("body");
  exprs_.Enter(builder_.CreateBr(body));
  builder_.SetInsertPoint(body);
}

void StmtEmitter::Emit(const Stmt& stmt) {
  Dispatch(*stmt.get(), [this](const auto& node) { Emit(node); });
}

void StmtEmitter::Emit(const For& node) {
  if (node.loop_kind == LoopKind::kTile && EmitTile(node)) return;
  int64_t extent = 0;
  const bool is_const = IsConst(node.extent, &extent);
  if (is_const && extent <= 0) return;
  if (is_const && extent == 1) {
    exprs_.BindVar(node.var.get(), node.min);
    return Emit(node.body);
  }
  if (node.loop_kind == LoopKind::kParallel && values_.parallel != nullptr) {
    return EmitParallelLoop(node);
  }
  EmitCountedLoop(exprs_.Emit(node.min), exprs_.Emit(node.extent), [&](llvm::Value* i) {
    exprs_.BindVar(node.var.get(), i);
    Emit(node.body);
  });
}

void StmtEmitter::EmitCountedLoop(llvm::Value* begin, llvm::Value* extent,
                                  const std::function<void(llvm::Value*)>& body) {
  llvm::BasicBlock* head_block = NewBlock("loop");
  llvm::BasicBlock* body_block = NewBlock("loop.body");
  llvm::BasicBlock* exit_block = NewBlock("loop.end");
  llvm::Value* end = builder_.CreateNSWAdd(begin, extent);
  if (llvm::isa<llvm::ConstantInt>(extent)) {
    builder_.CreateBr(head_block);
  } else {
    llvm::Value* any = builder_.CreateICmpSGT(extent, exprs_.Index(0));
    builder_.CreateCondBr(any, head_block, exit_block);
  }
  llvm::BasicBlock* before = builder_.GetInsertBlock();

  builder_.SetInsertPoint(head_block);
  llvm::PHINode* i = builder_.CreatePHI(begin->getType(), 2);
  i->addIncoming(begin, before);
  exprs_.EnterLoop(i, builder_.CreateBr(body_block));

  builder_.SetInsertPoint(body_block);
  body(i);
  exprs_.Leave();
  llvm::Value* next = builder_.CreateNSWAdd(i, exprs_.Index(1));
  i->addIncoming(next, builder_.GetInsertBlock());
  builder_.CreateCondBr(builder_.CreateICmpSLT(next, end), head_block, exit_block);
  builder_.SetInsertPoint(exit_block);
}

void StmtEmitter::Emit(const IfThen& node) {
  llvm::BasicBlock* then_block = NewBlock("if.then");
  llvm::BasicBlock* end_block = NewBlock("if.end");
  builder_.CreateCondBr(exprs_.Emit(node.condition), then_block, end_block);
  builder_.SetInsertPoint(then_block);
  Emit(node.then_body);
  builder_.CreateBr(end_block);
  builder_.SetInsertPoint(end_block);
}

void StmtEmitter::Emit(const Store& node) { exprs_.EmitStore(node); }

void StmtEmitter::Emit(const Allocate& node) {
  const BufferNode& buffer = *node.buffer;
  if (buffer.scope == Scope::kRegister) {
    llvm::Type* type = llvm::ArrayType::get(exprs_.LlvmType({buffer.dtype, 1}),
                                            static_cast<uint64_t>(buffer.num_elems()));
    llvm::Value* base = AllocaInHead(type, llvm::Align(TUNEFARM_BUFFER_ALIGNMENT_BYTES));
    exprs_.BindBuffer(&buffer, BufferPlace{base, AliasMetadata(), /*read_only=*/false});
    return Emit(node.body);
  }
  exprs_.BindBuffer(&buffer, {ScratchInHead(), alias_[&buffer], /*read_only=*/false});
  const int64_t bytes = ScratchSlotBytes(buffer);
  scratch_top_ += bytes;
  Emit(node.body);
  scratch_top_ -= bytes;
}

void StmtEmitter::Emit(const Block& node) {
  for (const Stmt& stmt : node.stmts) Emit(stmt);
}

// In the head, because addresses in the buffer may be computed anywhere behind it.
llvm::Value* StmtEmitter::ScratchInHead() {
  llvm::IRBuilderBase::InsertPointGuard restore(builder_);
  builder_.SetInsertPoint(function_->getEntryBlock().getTerminator());
  return builder_.CreateConstGEP1_64(builder_.getInt8Ty(), values_.scratch, scratch_top_);
}

llvm::Value* StmtEmitter::AllocaInHead(llvm::Type* type, llvm::Align align) {
  llvm::IRBuilderBase::InsertPointGuard restore(builder_);
  builder_.SetInsertPoint(&function_->getEntryBlock(), function_->getEntryBlock().begin());
  llvm::AllocaInst* alloca = builder_.CreateAlloca(type);
  alloca->setAlignment(align);
  return alloca;
}

}  // namespace tunefarm::compiler
