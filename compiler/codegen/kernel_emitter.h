// Emits a lowered kernel as one LLVM module: an external function per entry with the signature of
// proto/kernel_abi.h, and an internal one per parallel loop body.
#ifndef TUNEFARM_COMPILER_CODEGEN_KERNEL_EMITTER_H_
#define TUNEFARM_COMPILER_CODEGEN_KERNEL_EMITTER_H_

#include <llvm/IR/LLVMContext.h>
#include <llvm/IR/Module.h>

#include <memory>
#include <string>

#include "compiler/codegen/llvm_target.h"
#include "compiler/lower/lowered_kernel.h"

namespace tunefarm::compiler {

// `kernel` has passed CheckEmittable. The module is not optimised yet.
std::unique_ptr<llvm::Module> EmitModule(llvm::LLVMContext& context, const LoweredKernel& kernel,
                                         const LlvmTarget& target, const std::string& symbol);

}  // namespace tunefarm::compiler

#endif  // TUNEFARM_COMPILER_CODEGEN_KERNEL_EMITTER_H_
