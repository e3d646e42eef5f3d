// What makes a workload sensible beyond its spelling: bounds, divisibility, combinations that
// exist. Used by the key's parser; a Workload that passed it is safe to compute with (no product of
// its extents overflows).
#ifndef TUNEFARM_COMPILER_OP_WORKLOAD_CHECK_H_
#define TUNEFARM_COMPILER_OP_WORKLOAD_CHECK_H_

#include "absl/status/status.h"
#include "compiler/op/workload.h"

namespace tunefarm::compiler {

inline constexpr int64_t kMaxExtent = int64_t{1} << 24;
inline constexpr int64_t kMaxTensorElems = int64_t{1} << 31;
inline constexpr int64_t kMaxChannelBlock = 64;
// Of a row in s8: e^0 is 1 and the sum is kept in Q12.19.
inline constexpr int64_t kMaxSoftmaxElems = 4095;

// Conv2d, depthwise_conv2d, dense and matmul: operators with weights.
bool HasWeights(OpKind op);
bool IsPool(OpKind op);

// Errors: kInvalidArgument: the part, the value met and the bound, without the key.
absl::Status CheckWorkload(const Workload& workload);

}  // namespace tunefarm::compiler

#endif  // TUNEFARM_COMPILER_OP_WORKLOAD_CHECK_H_
