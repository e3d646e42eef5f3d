// The independent reference: plain loops over the workload's own numbers, sharing nothing with
// stages, schedules or lowering. Every compiled kernel is verified against it.
#ifndef TUNEFARM_COMPILER_OP_REFERENCE_H_
#define TUNEFARM_COMPILER_OP_REFERENCE_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "compiler/op/operator.h"

namespace tunefarm::compiler {

// A tensor's bytes, little endian, row-major.
using TensorBytes = std::vector<uint8_t>;

// Test data for the i-th input of `op`: tunefarm_fill_* with (seed, buffer i, element).
TensorBytes FillInput(const Operator& op, size_t input, uint64_t seed);

// The output for the given inputs (as many and as large as op.inputs say). f32 sums are accumulated
// in double; s8 is bit-exact TFLite arithmetic. Errors: kInvalidArgument (number or size of
// inputs).
absl::StatusOr<TensorBytes> ReferenceOutput(const Operator& op,
                                            const std::vector<TensorBytes>& inputs);

}  // namespace tunefarm::compiler

#endif  // TUNEFARM_COMPILER_OP_REFERENCE_H_
