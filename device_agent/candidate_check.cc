#include "device_agent/candidate_check.h"

#include "absl/strings/str_format.h"
#include "base/hash.h"
#include "base/status.h"
#include "device_agent/signature.h"
#include "proto/kernel_abi.h"

namespace tunefarm::device_agent {
namespace {

// The first part of an LLVM triple, with the two names that distributions use for LLVM's.
std::string Architecture(const std::string& triple) {
  const std::string first = triple.substr(0, triple.find('-'));
  if (first == "arm64") return "aarch64";
  if (first == "amd64") return "x86_64";
  return first;
}

absl::Status CheckKernel(const v1::Kernel& kernel, const std::string& triple) {
  const std::string wanted = Architecture(triple);
  const std::string met = Architecture(kernel.triple());
  if (met != wanted) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "kernel is compiled for architecture \"%s\", this device is %s", met, wanted));
  }
  if (kernel.signature().abi_version() != TUNEFARM_KERNEL_ABI_VERSION) {
    return absl::InvalidArgumentError(absl::StrFormat("kernel speaks ABI version %u, this agent %u",
                                                      kernel.signature().abi_version(),
                                                      TUNEFARM_KERNEL_ABI_VERSION));
  }
  const std::string digest = base::Sha256Hex(kernel.elf());
  if (digest != kernel.digest()) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "kernel bytes have digest %s, the candidate says \"%s\"", digest, kernel.digest()));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckCandidate(const v1::Candidate& candidate, const MeasureRequest& request,
                            const std::string& triple) {
  const v1::KernelSignature& signature = candidate.kernel().signature();
  TUNEFARM_RETURN_IF_ERROR(CheckKernel(candidate.kernel(), triple));
  TUNEFARM_RETURN_IF_ERROR(CheckSignature(signature));
  TUNEFARM_RETURN_IF_ERROR(CheckSpecs(signature, request.timing, request.verification));
  for (const v1::ExpectedOutput& expected : request.verification.expected()) {
    const auto blob = request.blobs.find(expected.digest());
    if (blob == request.blobs.end()) {
      return absl::InvalidArgumentError(absl::StrFormat(
          "verification: expected output \"%s\" did not come with the request", expected.digest()));
    }
    const uint64_t wanted = BufferBytes(signature.buffers(static_cast<int>(expected.buffer())));
    if (blob->second->size() != wanted) {
      return absl::InvalidArgumentError(
          absl::StrFormat("verification: expected output of buffer %u has %u bytes, want %u",
                          expected.buffer(), blob->second->size(), wanted));
    }
  }
  return absl::OkStatus();
}

v1::MeasureResult FailedResult(uint64_t candidate_id, v1::Outcome outcome, const std::string& phase,
                               const std::string& error) {
  v1::MeasureResult result;
  result.set_candidate_id(candidate_id);
  result.set_outcome(outcome);
  result.set_phase(phase);
  result.set_error(error);
  return result;
}

}  // namespace tunefarm::device_agent
