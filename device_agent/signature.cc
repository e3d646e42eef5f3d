#include "device_agent/signature.h"

#include <cmath>
#include <vector>

#include "absl/strings/str_format.h"
#include "base/status.h"

namespace tunefarm::device_agent {
namespace {

absl::Status CheckBuffer(const v1::Buffer& buffer, int position) {
  const uint64_t element_bytes = ElementBytes(buffer.data_type());
  if (element_bytes == 0) {
    return absl::InvalidArgumentError(
        absl::StrFormat("signature: buffer %d (%s) has unknown type %d", position, buffer.name(),
                        static_cast<int>(buffer.data_type())));
  }
  if (buffer.num_elems() == 0 || buffer.num_elems() > kMaxBufferBytes / element_bytes) {
    return absl::InvalidArgumentError(
        absl::StrFormat("signature: buffer %d (%s) has %u elements, want 1 to %u", position,
                        buffer.name(), buffer.num_elems(), kMaxBufferBytes / element_bytes));
  }
  if (buffer.role() < v1::BUFFER_ROLE_INPUT || buffer.role() > v1::BUFFER_ROLE_OUTPUT) {
    return absl::InvalidArgumentError(
        absl::StrFormat("signature: buffer %d (%s) has unknown role %d", position, buffer.name(),
                        static_cast<int>(buffer.role())));
  }
  if (IsDrawn(buffer) && buffer.fill().high() < buffer.fill().low()) {
    return absl::InvalidArgumentError(
        absl::StrFormat("signature: buffer %d (%s) is filled from [%d, %d]", position,
                        buffer.name(), buffer.fill().low(), buffer.fill().high()));
  }
  return absl::OkStatus();
}

}  // namespace

uint64_t ElementBytes(v1::DataType type) {
  switch (type) {
    case v1::DATA_TYPE_S8:
      return 1;
    case v1::DATA_TYPE_S16:
      return 2;
    case v1::DATA_TYPE_S32:
    case v1::DATA_TYPE_F32:
      return 4;
    default:
      return 0;
  }
}

uint64_t BufferBytes(const v1::Buffer& buffer) {
  return buffer.num_elems() * ElementBytes(buffer.data_type());
}

bool IsDrawn(const v1::Buffer& buffer) {
  return buffer.role() == v1::BUFFER_ROLE_INPUT || buffer.role() == v1::BUFFER_ROLE_CONSTANT;
}

uint64_t TotalBufferBytes(const v1::KernelSignature& signature) {
  uint64_t total = 0;
  for (const v1::Buffer& buffer : signature.buffers()) total += BufferBytes(buffer);
  return total;
}

absl::Status CheckSignature(const v1::KernelSignature& signature) {
  if (signature.buffers_size() == 0 || signature.buffers_size() > kMaxBuffers) {
    return absl::InvalidArgumentError(absl::StrFormat("signature: %d buffers, want 1 to %d",
                                                      signature.buffers_size(), kMaxBuffers));
  }
  for (int i = 0; i < signature.buffers_size(); ++i) {
    TUNEFARM_RETURN_IF_ERROR(CheckBuffer(signature.buffers(i), i));
  }
  if (signature.scratch_bytes_per_worker() > kMaxBufferBytes) {
    return absl::InvalidArgumentError(
        absl::StrFormat("signature: %u bytes of scratch for each worker exceed %u",
                        signature.scratch_bytes_per_worker(), kMaxBufferBytes));
  }
  if (signature.run_symbol().empty()) {
    return absl::InvalidArgumentError("signature: the run entry has no name");
  }
  return absl::OkStatus();
}

absl::Status CheckSpecs(const v1::KernelSignature& signature, const v1::TimingSpec& timing,
                        const v1::VerificationSpec& verification) {
  if (timing.num_samples() > kMaxSamples) {
    return absl::InvalidArgumentError(
        absl::StrFormat("timing: %u samples exceed %u", timing.num_samples(), kMaxSamples));
  }
  if (timing.num_threads() > kMaxThreads) {
    return absl::InvalidArgumentError(
        absl::StrFormat("timing: %u threads exceed %u", timing.num_threads(), kMaxThreads));
  }
  if (verification.expected_size() > signature.buffers_size()) {
    return absl::InvalidArgumentError(
        absl::StrFormat("verification: %d expected outputs for %d buffers",
                        verification.expected_size(), signature.buffers_size()));
  }
  for (const v1::ExpectedOutput& expected : verification.expected()) {
    const uint32_t buffer = expected.buffer();
    if (buffer >= static_cast<uint32_t>(signature.buffers_size()) ||
        signature.buffers(static_cast<int>(buffer)).role() != v1::BUFFER_ROLE_OUTPUT) {
      return absl::InvalidArgumentError(
          absl::StrFormat("verification: buffer %u is not an output of the kernel", buffer));
    }
    // Written so that a NaN is refused as well.
    if (!(expected.absolute_tolerance() >= 0 && expected.relative_tolerance() >= 0)) {
      return absl::InvalidArgumentError(
          absl::StrFormat("verification: tolerances of buffer %u are %g and %g, want 0 or more",
                          buffer, expected.absolute_tolerance(), expected.relative_tolerance()));
    }
  }
  return absl::OkStatus();
}

}  // namespace tunefarm::device_agent
