#include "compiler/codegen/emit.h"

#include <llvm/Config/llvm-config.h>
#include <llvm/IR/LLVMContext.h>
#include <llvm/IR/Verifier.h>
#include <llvm/Support/raw_ostream.h>

#include "absl/strings/str_format.h"
#include "base/status.h"
#include "compiler/codegen/check_emittable.h"
#include "compiler/codegen/kernel_emitter.h"
#include "compiler/codegen/llvm_target.h"
#include "compiler/codegen/optimize.h"

namespace tunefarm::compiler {
namespace {

// A kernel on its way through LLVM. The context outlives the module.
struct Compilation {
  std::unique_ptr<llvm::LLVMContext> context;
  LlvmTarget target;
  std::unique_ptr<llvm::Module> module;
  Streaming streaming;
};

absl::StatusOr<Compilation> Optimize(const LoweredKernel& kernel, const Target& target,
                                     const std::string& symbol) {
  TUNEFARM_RETURN_IF_ERROR(CheckEmittable(kernel));
  Compilation result;
  result.context = std::make_unique<llvm::LLVMContext>();
  TUNEFARM_ASSIGN_OR_RETURN(result.target, MakeLlvmTarget(target));
  result.module = EmitModule(*result.context, kernel, result.target, symbol);
  std::string error;
  llvm::raw_string_ostream stream(error);
  if (llvm::verifyModule(*result.module, &stream)) {
    return absl::InternalError(
        absl::StrFormat("emitted invalid LLVM IR for %s: %s", symbol, error));
  }
  result.streaming = kernel.streaming;
  RunPasses(*result.module, result.target, result.streaming);
  return result;
}

absl::StatusOr<std::string> Compile(const LoweredKernel& kernel, const Target& target,
                                    const std::string& symbol, llvm::CodeGenFileType file_type) {
  TUNEFARM_ASSIGN_OR_RETURN(Compilation compilation, Optimize(kernel, target, symbol));
  return GenerateCode(*compilation.module, compilation.target, compilation.streaming, file_type);
}

}  // namespace

absl::StatusOr<std::string> EmitObject(const LoweredKernel& kernel, const Target& target,
                                       const std::string& symbol) {
  return Compile(kernel, target, symbol, llvm::CodeGenFileType::ObjectFile);
}

absl::StatusOr<std::string> EmitAssembly(const LoweredKernel& kernel, const Target& target,
                                         const std::string& symbol) {
  return Compile(kernel, target, symbol, llvm::CodeGenFileType::AssemblyFile);
}

absl::StatusOr<std::string> EmitLlvmText(const LoweredKernel& kernel, const Target& target,
                                         const std::string& symbol) {
  TUNEFARM_ASSIGN_OR_RETURN(Compilation compilation, Optimize(kernel, target, symbol));
  std::string text;
  llvm::raw_string_ostream stream(text);
  compilation.module->print(stream, nullptr);
  return text;
}

std::string LlvmVersion() { return LLVM_VERSION_STRING; }

}  // namespace tunefarm::compiler
