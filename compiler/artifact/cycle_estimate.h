// Cycles from instructions: what a Cortex-M would need, as far as LLVM's machine models know it.
//
// An emulator counts instructions, which are not cycles: a load of two registers counts as one, the
// M7 issues two at a time. The hottest code of a kernel is decoded and run through the model that
// llvm-mca uses (llvm/MCA; cortex-m4: ARMScheduleM4.td, cortex-m7: ARMScheduleM7.td), repeated
// without end. An estimate: caches, wait states and taken branches cost nothing in it.
#ifndef TUNEFARM_COMPILER_ARTIFACT_CYCLE_ESTIMATE_H_
#define TUNEFARM_COMPILER_ARTIFACT_CYCLE_ESTIMATE_H_

#include <string>

#include "absl/status/statusor.h"
#include "compiler/target/target.h"

namespace tunefarm::compiler {

// Cycles per instruction of the function `symbol` in `object` (a relocatable ELF): of its innermost
// loop with the most multiply-adds; of all its code where there is no such loop. Errors:
// kInvalidArgument (no such target), kNotFound (no such function), kInternal in LLVM's words (code
// that its model does not know).
absl::StatusOr<double> EstimateCyclesPerInstruction(const std::string& object,
                                                    const std::string& symbol,
                                                    const Target& target);

}  // namespace tunefarm::compiler

#endif  // TUNEFARM_COMPILER_ARTIFACT_CYCLE_ESTIMATE_H_
