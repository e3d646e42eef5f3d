// Parallel loops: the part of StmtEmitter that speaks proto/kernel_abi.h's parallel_for.
//
// The body becomes a function body(closure, item, worker). With the caller's threads it is handed
// to parallel->run, without them a plain loop calls it: one copy of the code, and a call per
// iteration that costs nothing beside it.
#include <llvm/IR/Constants.h>
#include <llvm/IR/DerivedTypes.h>
#include <llvm/IR/Function.h>

#include "absl/strings/str_format.h"
#include "compiler/codegen/stmt_emitter.h"

namespace tunefarm::compiler {
namespace {

enum BodyArg { kClosureArg, kItemArg, kWorkerArg };

// tunefarm_parallel_body.
llvm::FunctionType* BodyType(llvm::LLVMContext& context) {
  return llvm::FunctionType::get(llvm::Type::getVoidTy(context),
                                 {llvm::PointerType::getUnqual(context),
                                  llvm::Type::getInt64Ty(context), llvm::Type::getInt32Ty(context)},
                                 false);
}

// tunefarm_parallel.
enum ParallelField { kRunField, kContextField };
llvm::StructType* ParallelType(llvm::LLVMContext& context) {
  llvm::Type* pointer = llvm::PointerType::getUnqual(context);
  return llvm::StructType::get(context, {pointer, pointer, llvm::Type::getInt32Ty(context)});
}

// The type of tunefarm_parallel::run.
llvm::FunctionType* RunType(llvm::LLVMContext& context) {
  llvm::Type* pointer = llvm::PointerType::getUnqual(context);
  return llvm::FunctionType::get(llvm::Type::getVoidTy(context),
                                 {pointer, llvm::Type::getInt64Ty(context), pointer, pointer},
                                 false);
}

llvm::Value* LoadField(llvm::IRBuilder<>& builder, llvm::StructType* type, llvm::Value* object,
                       unsigned field) {
  return builder.CreateLoad(type->getElementType(field),
                            builder.CreateStructGEP(type, object, field));
}

}  // namespace

// Scratch memory, then the buffers, then the variables.
std::vector<llvm::Value*> StmtEmitter::ClosureValues(const Usage& usage) const {
  std::vector<llvm::Value*> values = {values_.scratch};
  for (const Buffer& buffer : usage.buffers) {
    values.push_back(exprs_.FindBuffer(buffer.get())->base);
  }
  for (const ExprNode* var : usage.vars) values.push_back(exprs_.FindVar(var));
  return values;
}

llvm::Function* StmtEmitter::EmitParallelBody(const For& node, const Usage& usage,
                                              llvm::StructType* closure) {
  const std::string name =
      absl::StrFormat("%s.parallel.%d", entry_.symbol, entry_.num_parallel_bodies++);
  llvm::Function* function = llvm::Function::Create(
      BodyType(function_->getContext()), llvm::Function::InternalLinkage, name, entry_.module);
  entry_.target.SetAttributes(function);
  StmtEmitter body(entry_, function, scratch_top_);
  llvm::IRBuilder<>& head = body.builder();
  unsigned field = 0;
  const auto next = [&] {
    return LoadField(head, closure, function->getArg(kClosureArg), field++);
  };

  llvm::Value* scratch = next();
  if (entry_.scratch_bytes_per_worker > 0) {
    llvm::Value* worker =
        head.CreateSExtOrTrunc(function->getArg(kWorkerArg), body.exprs().LlvmType(Type()));
    scratch = head.CreateGEP(
        head.getInt8Ty(), scratch,
        head.CreateNSWMul(worker, body.exprs().Index(entry_.scratch_bytes_per_worker)));
  }
  body.set_values({.scratch = scratch, .parallel = nullptr});
  std::vector<llvm::Value*> bases;
  for (size_t i = 0; i < usage.buffers.size(); ++i) bases.push_back(next());
  body.BindBuffers(usage, bases);
  std::vector<llvm::Value*> vars;
  for (size_t i = 0; i < usage.vars.size(); ++i) vars.push_back(next());
  body.EndHead();
  for (size_t i = 0; i < usage.vars.size(); ++i) body.exprs().BindVar(usage.vars[i], vars[i]);
  body.BindIteration(node, function->getArg(kItemArg));
  body.Emit(node.body);
  body.builder().CreateRetVoid();
  return function;
}

void StmtEmitter::BindIteration(const For& node, llvm::Value* item) {
  llvm::IRBuilderBase::InsertPointGuard restore(builder_);
  builder_.SetInsertPoint(function_->getEntryBlock().getTerminator());
  exprs_.BindVar(node.var.get(),
                 builder_.CreateNSWAdd(exprs_.Emit(node.min),
                                       builder_.CreateSExtOrTrunc(item, exprs_.LlvmType(Type()))));
}

void StmtEmitter::EmitParallelLoop(const For& node) {
  llvm::LLVMContext& context = function_->getContext();
  const Usage usage = UsageOfIteration(node);
  const std::vector<llvm::Value*> values = ClosureValues(usage);
  std::vector<llvm::Type*> types;
  for (llvm::Value* value : values) types.push_back(value->getType());
  llvm::StructType* closure_type = llvm::StructType::get(context, types);
  llvm::Function* body = EmitParallelBody(node, usage, closure_type);

  llvm::Value* closure = AllocaInHead(closure_type, llvm::Align(8));
  for (unsigned i = 0; i < values.size(); ++i) {
    builder_.CreateStore(values[i], builder_.CreateStructGEP(closure_type, closure, i));
  }
  llvm::Value* extent = exprs_.Emit(node.extent);
  llvm::BasicBlock* threaded_block = NewBlock("parallel.threaded");
  llvm::BasicBlock* alone_block = NewBlock("parallel.alone");
  llvm::BasicBlock* end_block = NewBlock("parallel.end");
  builder_.CreateCondBr(builder_.CreateIsNull(values_.parallel), alone_block, threaded_block);

  builder_.SetInsertPoint(threaded_block);
  llvm::StructType* parallel_type = ParallelType(context);
  llvm::Value* run = LoadField(builder_, parallel_type, values_.parallel, kRunField);
  llvm::Value* run_context = LoadField(builder_, parallel_type, values_.parallel, kContextField);
  llvm::Value* items =
      builder_.CreateBinaryIntrinsic(llvm::Intrinsic::smax, extent, exprs_.Index(0));
  items = builder_.CreateSExt(items, builder_.getInt64Ty());
  builder_.CreateCall(RunType(context), run, {run_context, items, body, closure});
  builder_.CreateBr(end_block);

  builder_.SetInsertPoint(alone_block);
  EmitCountedLoop(exprs_.Index(0), extent, [&](llvm::Value* item) {
    llvm::Value* wide_item = builder_.CreateSExt(item, builder_.getInt64Ty());
    builder_.CreateCall(body, {closure, wide_item, builder_.getInt32(0)});
  });
  builder_.CreateBr(end_block);
  builder_.SetInsertPoint(end_block);
}

}  // namespace tunefarm::compiler
