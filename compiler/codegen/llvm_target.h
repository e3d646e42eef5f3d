// A Target as LLVM takes it: the code generator and the attributes that every function carries.
#ifndef TUNEFARM_COMPILER_CODEGEN_LLVM_TARGET_H_
#define TUNEFARM_COMPILER_CODEGEN_LLVM_TARGET_H_

#include <llvm/IR/Function.h>
#include <llvm/Target/TargetMachine.h>

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "compiler/target/target.h"

namespace tunefarm::compiler {

struct LlvmTarget {
  Target target;
  std::string features;  // "-avx512f,+avx,+avx2": LLVM's subtarget features.
  std::unique_ptr<llvm::TargetMachine> machine;

  // Sets the subtarget, and that the function neither throws nor calls any library.
  void SetAttributes(llvm::Function* function) const;
};

// Initialises LLVM's back ends on first use. Thread-safe; the result belongs to one thread.
// Errors: kInvalidArgument for a triple, cpu or feature that LLVM does not know.
absl::StatusOr<LlvmTarget> MakeLlvmTarget(const Target& target);

}  // namespace tunefarm::compiler

#endif  // TUNEFARM_COMPILER_CODEGEN_LLVM_TARGET_H_
