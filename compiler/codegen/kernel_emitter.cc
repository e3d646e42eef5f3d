#include "compiler/codegen/kernel_emitter.h"

#include <llvm/IR/Constants.h>
#include <llvm/IR/DerivedTypes.h>
#include <llvm/IR/Function.h>

#include <algorithm>

#include "base/status.h"
#include "compiler/codegen/stmt_emitter.h"
#include "compiler/codegen/usage.h"
#include "proto/code_memory.h"
#include "proto/kernel_abi.h"

namespace tunefarm::compiler {
namespace {

enum EntryArg { kBuffersArg, kScratchArg, kParallelArg };

// tunefarm_kernel_fn.
llvm::Function* DeclareEntry(llvm::Module& module, const LlvmTarget& target,
                             const std::string& symbol) {
  llvm::LLVMContext& context = module.getContext();
  llvm::Type* pointer = llvm::PointerType::getUnqual(context);
  auto* type =
      llvm::FunctionType::get(llvm::Type::getInt32Ty(context), {pointer, pointer, pointer}, false);
  llvm::Function* function =
      llvm::Function::Create(type, llvm::Function::ExternalLinkage, symbol, module);
  target.SetAttributes(function);
  return function;
}

size_t PositionOf(const Function& function, const Buffer& buffer) {
  const auto param = std::find(function.params.begin(), function.params.end(), buffer);
  TUNEFARM_CHECK(param != function.params.end(), "buffer is no parameter of its function");
  return static_cast<size_t>(param - function.params.begin());
}

// Returns the entry.
llvm::Function* EmitEntry(EntryContext entry, const Function& function) {
  llvm::Function* llvm_function = DeclareEntry(entry.module, entry.target, entry.symbol);
  StmtEmitter emitter(entry, llvm_function, /*scratch_top=*/0);
  llvm::IRBuilder<>& builder = emitter.builder();
  emitter.set_values({.scratch = llvm_function->getArg(kScratchArg),
                      // A board has one thread: its parallel loops are plain ones.
                      .parallel = entry.target.target.IsBareMetal()
                                      ? nullptr
                                      : llvm_function->getArg(kParallelArg)});
  const Usage usage = UsageOf(function.body);
  std::vector<llvm::Value*> bases;
  for (const Buffer& buffer : usage.buffers) {
    const size_t position = PositionOf(function, buffer);
    bases.push_back(builder.CreateLoad(
        builder.getPtrTy(), builder.CreateConstGEP1_64(
                                builder.getPtrTy(), llvm_function->getArg(kBuffersArg), position)));
  }
  emitter.BindBuffers(usage, bases);
  emitter.EndHead();
  emitter.Emit(function.body);
  builder.CreateRet(builder.getInt32(0));
  return llvm_function;
}

}  // namespace

std::unique_ptr<llvm::Module> EmitModule(llvm::LLVMContext& context, const LoweredKernel& kernel,
                                         const LlvmTarget& target, const std::string& symbol) {
  auto module = std::make_unique<llvm::Module>(symbol, context);
  module->setTargetTriple(target.target.triple);
  module->setDataLayout(target.machine->createDataLayout());
  if (!target.target.IsBareMetal()) module->setPICLevel(llvm::PICLevel::BigPIC);
  const int64_t scratch_bytes = ScratchBytes(kernel);
  llvm::Function* run = EmitEntry({*module, target, symbol, ScratchLayout(kernel.run),
                                   StoredBuffers(kernel.run.body), scratch_bytes},
                                  kernel.run);
  if (!kernel.code_memory.empty()) {
    run->setSection(TUNEFARM_CODE_SECTION_PREFIX + kernel.code_memory);
  }
  if (kernel.prepare) {
    EmitEntry({*module, target, symbol + "_prepare", ScratchLayout(*kernel.prepare),
               StoredBuffers(kernel.prepare->body), scratch_bytes},
              *kernel.prepare);
  }
  return module;
}

}  // namespace tunefarm::compiler
