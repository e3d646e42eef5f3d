#include "tuner/measure/expected_output.h"

#include <utility>
#include <vector>

#include "base/hash.h"
#include "base/status.h"
#include "compiler/op/operator.h"
#include "compiler/op/reference.h"
#include "compiler/op/workload.h"
#include "tuner/measure/peak_kernel.h"

namespace tunefarm::tuner {
namespace {

v1::Blob MakeBlob(std::string data) {
  v1::Blob blob;
  blob.set_digest(base::Sha256Hex(data));
  blob.set_data(std::move(data));
  return blob;
}

}  // namespace

absl::StatusOr<ExpectedOutput> ComputeExpectedOutput(const std::string& workload) {
  TUNEFARM_ASSIGN_OR_RETURN(const compiler::Workload parsed, compiler::ParseWorkload(workload));
  TUNEFARM_ASSIGN_OR_RETURN(const compiler::Operator op, compiler::BuildOperator(parsed));
  ExpectedOutput expected;
  expected.seed = base::Hash64(workload);
  std::vector<compiler::TensorBytes> inputs;
  for (size_t i = 0; i < op.inputs.size(); ++i) {
    inputs.push_back(compiler::FillInput(op, i, expected.seed));
  }
  TUNEFARM_ASSIGN_OR_RETURN(const compiler::TensorBytes out, compiler::ReferenceOutput(op, inputs));
  expected.blob = MakeBlob(std::string(out.begin(), out.end()));
  expected.absolute_tolerance = op.absolute_tolerance;
  expected.relative_tolerance = op.relative_tolerance;
  return expected;
}

ExpectedOutput PeakKernelOutput(const v1::KernelSignature& signature) {
  const uint64_t num_elems =
      signature.buffers(static_cast<int>(OutputPosition(signature))).num_elems();
  const std::vector<float> out(num_elems, kPeakKernelResult);
  ExpectedOutput expected;
  expected.seed = 1;
  expected.blob =
      MakeBlob(std::string(reinterpret_cast<const char*>(out.data()), out.size() * sizeof(float)));
  return expected;
}

uint32_t OutputPosition(const v1::KernelSignature& signature) {
  return static_cast<uint32_t>(signature.buffers_size() - 1);
}

v1::VerificationSpec MakeVerification(const ExpectedOutput& expected, uint32_t output_position) {
  v1::VerificationSpec spec;
  spec.set_seed(expected.seed);
  v1::ExpectedOutput& output = *spec.add_expected();
  output.set_buffer(output_position);
  output.set_digest(expected.blob.digest());
  output.set_absolute_tolerance(expected.absolute_tolerance);
  output.set_relative_tolerance(expected.relative_tolerance);
  return spec;
}

}  // namespace tunefarm::tuner
