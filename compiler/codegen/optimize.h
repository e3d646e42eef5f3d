// The short pass list and the way to machine code.
//
// The IR comes unrolled, tiled and with its addresses in place, so there is nothing for LLVM's loop
// passes to find: what is left is to put register buffers into SSA form and to share equal loads.
// Code generation is LLVM's own minus the passes that would undo what the schedule decided.
// Measured on a 14 x 2 vector AVX-512 convolution tile:
//   strength reduction of loops   left out: addresses already move by additions; it took a fifth of
//   the time hoisting of loads from loops  left out: the schedule says what lives in registers; it
//   made accumulators spill instruction scheduling        left out on out-of-order cores, see
//   place_loads.h
#ifndef TUNEFARM_COMPILER_CODEGEN_OPTIMIZE_H_
#define TUNEFARM_COMPILER_CODEGEN_OPTIMIZE_H_

#include <llvm/IR/Module.h>
#include <llvm/Support/CodeGen.h>

#include <string>

#include "absl/status/statusor.h"
#include "compiler/codegen/llvm_target.h"
#include "compiler/lower/lowered_kernel.h"

namespace tunefarm::compiler {

void RunPasses(llvm::Module& module, const LlvmTarget& target, const Streaming& streaming);

// Object file or assembly text of `module`, which is consumed: only its destruction is allowed
// afterwards. Errors: kInternal in LLVM's words.
absl::StatusOr<std::string> GenerateCode(llvm::Module& module, const LlvmTarget& target,
                                         const Streaming& streaming,
                                         llvm::CodeGenFileType file_type);

}  // namespace tunefarm::compiler

#endif  // TUNEFARM_COMPILER_CODEGEN_OPTIMIZE_H_
