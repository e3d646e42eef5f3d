// The reference of each operator family, behind ReferenceOutput: inputs have been checked for
// number and size. Private to the reference.
#ifndef TUNEFARM_COMPILER_OP_REFERENCE_FAMILIES_H_
#define TUNEFARM_COMPILER_OP_REFERENCE_FAMILIES_H_

#include <map>
#include <string>

#include "compiler/op/reference.h"

namespace tunefarm::compiler {

// The given tensors by the name of their buffer.
using NamedTensors = std::map<std::string, const TensorBytes*>;

// conv2d, depthwise_conv2d, dense, matmul.
TensorBytes ReferenceWeighted(const Workload& workload, const NamedTensors& tensors);
TensorBytes ReferencePool(const Workload& workload, const NamedTensors& tensors);
TensorBytes ReferenceAdd(const Workload& workload, const NamedTensors& tensors);
TensorBytes ReferenceSoftmax(const Workload& workload, const NamedTensors& tensors);
TensorBytes ReferenceRelu(const Workload& workload, const NamedTensors& tensors);

}  // namespace tunefarm::compiler

#endif  // TUNEFARM_COMPILER_OP_REFERENCE_FAMILIES_H_
