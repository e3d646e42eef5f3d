#include "compiler/op/reference.h"

#include "absl/strings/str_format.h"
#include "base/status.h"
#include "compiler/op/reference_families.h"
#include "compiler/op/reference_tensor.h"

namespace tunefarm::compiler {
namespace {

template <typename T, typename Fn>
TensorBytes Generate(int64_t num_elems, Fn&& element) {
  std::vector<T> elems(static_cast<size_t>(num_elems));
  for (size_t i = 0; i < elems.size(); ++i) elems[i] = static_cast<T>(element(i));
  return ToBytes(elems);
}

}  // namespace

TensorBytes FillInput(const Operator& op, size_t input, uint64_t seed) {
  const OperatorInput& in = op.inputs[input];
  const uint32_t buffer = static_cast<uint32_t>(input);
  const int64_t num_elems = in.buffer->num_elems();
  const auto integer = [&](uint64_t i) { return tunefarm_fill_integer(&in.fill, seed, buffer, i); };
  switch (in.buffer->dtype) {
    case DType::kF32:
      return Generate<float>(
          num_elems, [&](uint64_t i) { return tunefarm_fill_float(&in.fill, seed, buffer, i); });
    case DType::kS8:
      return Generate<int8_t>(num_elems, integer);
    case DType::kS16:
      return Generate<int16_t>(num_elems, integer);
    case DType::kS32:
      return Generate<int32_t>(num_elems, integer);
    case DType::kIndex:
    case DType::kBool:
      break;
  }
  TUNEFARM_CHECK(false, "an input of a type no operator has");
}

absl::StatusOr<TensorBytes> ReferenceOutput(const Operator& op,
                                            const std::vector<TensorBytes>& inputs) {
  if (inputs.size() != op.inputs.size()) {
    return absl::InvalidArgumentError(absl::StrFormat("reference of %s: %d inputs, needs %d",
                                                      Print(op.workload), inputs.size(),
                                                      op.inputs.size()));
  }
  NamedTensors tensors;
  for (size_t i = 0; i < inputs.size(); ++i) {
    const BufferNode& buffer = *op.inputs[i].buffer;
    const size_t num_bytes = static_cast<size_t>(buffer.num_elems() * SizeBytes(buffer.dtype));
    if (inputs[i].size() != num_bytes) {
      return absl::InvalidArgumentError(
          absl::StrFormat("reference of %s: input %s has %d bytes, needs %d", Print(op.workload),
                          buffer.name, inputs[i].size(), num_bytes));
    }
    tensors[buffer.name] = &inputs[i];
  }
  switch (op.workload.op) {
    case OpKind::kConv2d:
    case OpKind::kDepthwiseConv2d:
    case OpKind::kDense:
    case OpKind::kMatmul:
      return ReferenceWeighted(op.workload, tensors);
    case OpKind::kMaxPool2d:
    case OpKind::kAvgPool2d:
      return ReferencePool(op.workload, tensors);
    case OpKind::kAdd:
      return ReferenceAdd(op.workload, tensors);
    case OpKind::kRelu:
      return ReferenceRelu(op.workload, tensors);
    case OpKind::kSoftmax:
      return ReferenceSoftmax(op.workload, tensors);
  }
  TUNEFARM_CHECK(false, "an operator of unknown kind");
}

}  // namespace tunefarm::compiler
