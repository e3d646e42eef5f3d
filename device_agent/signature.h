// Sizes and sanity of a kernel's signature as it came over the wire, and of what is to be done with
// it.
//
// The first gate a candidate passes on the agent: after it, sizes cannot overflow, indices are in
// range and enums are known, so nothing behind it checks them again. Pure; relies on proto only.
#ifndef TUNEFARM_DEVICE_AGENT_SIGNATURE_H_
#define TUNEFARM_DEVICE_AGENT_SIGNATURE_H_

#include <cstdint>

#include "absl/status/status.h"
#include "tunefarm/v1/kernel.pb.h"
#include "tunefarm/v1/measurement.pb.h"

namespace tunefarm::device_agent {

// Bounds of what an agent takes. Far above any real kernel; they keep fixed-size tables small.
inline constexpr int kMaxBuffers = 64;
inline constexpr uint32_t kMaxSamples = 1000;
inline constexpr uint32_t kMaxThreads = 256;
inline constexpr uint64_t kMaxBufferBytes = uint64_t{1} << 44;

// Bytes of one element; 0 for a type this agent does not know.
uint64_t ElementBytes(v1::DataType type);

// Bytes of a whole buffer. Requires that CheckSignature accepted it.
uint64_t BufferBytes(const v1::Buffer& buffer);

// True for the buffers that a kernel reads and never writes: they are drawn from the seed.
bool IsDrawn(const v1::Buffer& buffer);

// All buffers together, in bytes. Requires that CheckSignature accepted it.
uint64_t TotalBufferBytes(const v1::KernelSignature& signature);

// INVALID_ARGUMENT with the buffer and the value met, unless every size, role and type makes sense.
absl::Status CheckSignature(const v1::KernelSignature& signature);

// INVALID_ARGUMENT unless the specs are within bounds and every expected output is an output of
// `signature`. Outputs without an expectation are not compared.
absl::Status CheckSpecs(const v1::KernelSignature& signature, const v1::TimingSpec& timing,
                        const v1::VerificationSpec& verification);

}  // namespace tunefarm::device_agent

#endif  // TUNEFARM_DEVICE_AGENT_SIGNATURE_H_
