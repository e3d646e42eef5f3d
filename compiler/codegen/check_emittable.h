// Codegen's conditions on the IR it is given, checked before any code is made so that emitters need
// not fail.
#ifndef TUNEFARM_COMPILER_CODEGEN_CHECK_EMITTABLE_H_
#define TUNEFARM_COMPILER_CODEGEN_CHECK_EMITTABLE_H_

#include "absl/status/status.h"
#include "compiler/lower/lowered_kernel.h"

namespace tunefarm::compiler {

// Register buffers of a function may take this much stack in all; a kernel that wants more has not
// been tiled.
inline constexpr int64_t kMaxRegisterBytes = 64 * 1024;

// One index per access, no vectorized or unrolled loop left, every buffer a parameter or live
// inside its Allocate, every variable inside its loop, register buffers within kMaxRegisterBytes.
// Errors: kInvalidArgument that names the function and the node.
absl::Status CheckEmittable(const LoweredKernel& kernel);

}  // namespace tunefarm::compiler

#endif  // TUNEFARM_COMPILER_CODEGEN_CHECK_EMITTABLE_H_
