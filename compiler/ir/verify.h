// The rules of the IR that types of C++ cannot hold, checked after every pass.
//  * Operands agree in type and lanes (type_rules.h); Load, Cast, Ramp, Broadcast have the type
//  their parts give.
//  * Subscripts are integers, as many as the buffer has dimensions, or one.
//  * A variable is used inside the For that binds it, and no For inside that one binds it again.
//  * A buffer is a parameter (scope argument) or used inside its Allocate (scope scratch or
//  register); none holds bools.
//  * Bounds of loops are scalar indices; of vectorized and unrolled loops the extent is constant.
//  * Conditions of IfThen are scalar bools; every handle is defined.
#ifndef TUNEFARM_COMPILER_IR_VERIFY_H_
#define TUNEFARM_COMPILER_IR_VERIFY_H_

#include "absl/status/status.h"
#include "compiler/ir/nodes.h"

namespace tunefarm::compiler {

// Errors: kInvalidArgument: what is wrong, in which loops, and the offending node's text (its
// beginning, if long).
absl::Status Verify(const Function& function);

}  // namespace tunefarm::compiler

#endif  // TUNEFARM_COMPILER_IR_VERIFY_H_
