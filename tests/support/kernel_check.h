// Runs a lowered kernel on test data and compares it with the independent reference: what every
// property test of the compiler does, by the interpreter or by compiled code.
#ifndef TUNEFARM_TESTS_SUPPORT_KERNEL_CHECK_H_
#define TUNEFARM_TESTS_SUPPORT_KERNEL_CHECK_H_

#include <cmath>
#include <cstring>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "base/status.h"
#include "compiler/ir/interpret.h"
#include "compiler/lower/lower.h"
#include "compiler/op/operator.h"
#include "compiler/op/reference.h"

namespace tunefarm::testing {

// The buffers of one call, in the order of the kernel's signature.
using CallBuffers = std::vector<std::vector<uint8_t>>;

// Inputs are drawn from `seed`, packed buffers and outputs hold a poison pattern.
inline CallBuffers MakeCallBuffers(const compiler::Operator& op,
                                   const compiler::LoweredKernel& kernel, uint64_t seed) {
  CallBuffers buffers;
  for (size_t i = 0; i < kernel.buffers.size(); ++i) {
    if (i < op.inputs.size()) {
      buffers.push_back(compiler::FillInput(op, i, seed));
    } else {
      const auto& buffer = *kernel.buffers[i].buffer;
      buffers.emplace_back(buffer.num_elems() * compiler::SizeBytes(buffer.dtype), 0xA5);
    }
  }
  return buffers;
}

// OK if `got` is the reference's output within the operator's tolerance; else names the first
// difference.
inline absl::Status CompareWithReference(const compiler::Operator& op, const CallBuffers& inputs,
                                         const std::vector<uint8_t>& got) {
  const std::vector<compiler::TensorBytes> data(inputs.begin(), inputs.begin() + op.inputs.size());
  TUNEFARM_ASSIGN_OR_RETURN(const compiler::TensorBytes want, compiler::ReferenceOutput(op, data));
  if (got.size() != want.size()) return absl::InternalError("sizes differ");
  const int64_t num_elems = op.output->num_elems();
  for (int64_t i = 0; i < num_elems; ++i) {
    double g = 0, w = 0;
    if (op.output->dtype == compiler::DType::kF32) {
      float gf, wf;
      std::memcpy(&gf, &got[i * 4], 4);
      std::memcpy(&wf, &want[i * 4], 4);
      g = gf;
      w = wf;
    } else {
      g = static_cast<int8_t>(got[i]);
      w = static_cast<int8_t>(want[i]);
    }
    if (!(std::abs(g - w) <= op.absolute_tolerance + op.relative_tolerance * std::abs(w)) &&
        !(g == w)) {
      return absl::InternalError(
          absl::StrFormat("element %d of %d: got %g, want %g", i, num_elems, g, w));
    }
  }
  return absl::OkStatus();
}

// prepare, then run, by the interpreter.
inline absl::Status Interpret(const compiler::LoweredKernel& kernel, CallBuffers& buffers) {
  std::vector<std::vector<uint8_t>*> pointers;
  for (auto& buffer : buffers) pointers.push_back(&buffer);
  if (kernel.prepare) TUNEFARM_RETURN_IF_ERROR(compiler::Interpret(*kernel.prepare, pointers));
  return compiler::Interpret(kernel.run, pointers);
}

}  // namespace tunefarm::testing

#endif  // TUNEFARM_TESTS_SUPPORT_KERNEL_CHECK_H_
