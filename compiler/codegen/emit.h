// Lowered kernels to object code: the folder's public face. LLVM stays behind it.
//
// Input: loop nests as the last pass of lowering leaves them, with one index per access, vectors as
// Ramps, nothing left to unroll. Output: a relocatable ELF object whose entries follow
// proto/kernel_abi.h and that imports nothing. Every function here may be called from several
// threads at once and gives the same bytes for the same input.
#ifndef TUNEFARM_COMPILER_CODEGEN_EMIT_H_
#define TUNEFARM_COMPILER_CODEGEN_EMIT_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "compiler/lower/lowered_kernel.h"
#include "compiler/target/target.h"

namespace tunefarm::compiler {

// Object file bytes. `symbol` names the run entry, prepare's is symbol + "_prepare".
// Errors: kInvalidArgument (the target is unknown to LLVM, the IR is not in the form above),
// kInternal (LLVM's words). LLVM aborts the process on code that it cannot select.
absl::StatusOr<std::string> EmitObject(const LoweredKernel& kernel, const Target& target,
                                       const std::string& symbol);

// The same code for people: optimised LLVM IR, and assembly.
absl::StatusOr<std::string> EmitLlvmText(const LoweredKernel& kernel, const Target& target,
                                         const std::string& symbol);
absl::StatusOr<std::string> EmitAssembly(const LoweredKernel& kernel, const Target& target,
                                         const std::string& symbol);

// "19.1.7": different LLVMs give different bytes.
std::string LlvmVersion();

}  // namespace tunefarm::compiler

#endif  // TUNEFARM_COMPILER_CODEGEN_EMIT_H_
