// Lowering: operator + schedule -> loop nest ready for codegen. The column of passes is in
// lower.cc.
#ifndef TUNEFARM_COMPILER_LOWER_LOWER_H_
#define TUNEFARM_COMPILER_LOWER_LOWER_H_

#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "compiler/lower/lowered_kernel.h"
#include "compiler/op/operator.h"
#include "compiler/schedule/schedule.h"

namespace tunefarm::compiler {

// Called after every pass with its name and the function as it then is: for people and golden
// tests.
using LowerObserver = std::function<void(const std::string& pass, const Function& function)>;

// Errors: kFailedPrecondition or kNotFound where the schedule is not legal for the operator (an
// illegal_schedule outcome). Thread-safe.
absl::StatusOr<LoweredKernel> Lower(const Operator& op, const Schedule& schedule,
                                    const LowerObserver& observer = nullptr);

}  // namespace tunefarm::compiler

#endif  // TUNEFARM_COMPILER_LOWER_LOWER_H_
