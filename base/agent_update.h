// What makes an executable an update of an agent: a statement of its version, machine and digest,
// signed with Ed25519. Whoever makes an update signs it (tuner device update), the agent verifies.
#ifndef TUNEFARM_BASE_AGENT_UPDATE_H_
#define TUNEFARM_BASE_AGENT_UPDATE_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace tunefarm::base {

struct UpdateStatement {
  std::string version;  // "0.2.0".
  std::string machine;  // First part of the LLVM triple: aarch64, armv7, x86_64.
  std::string digest;   // SHA-256 of the executable, 64 hexadecimal digits.
};

// The bytes that are signed:
//   tunefarm agent update\nversion=VERSION\nmachine=MACHINE\nsha256=DIGEST\n
std::string SignedBytes(const UpdateStatement& statement);

// 64 bytes. `private_key` is PEM, as 'openssl genpkey -algorithm ed25519' writes it.
// INVALID_ARGUMENT when it is no such key.
absl::StatusOr<std::string> Sign(const UpdateStatement& statement, const std::string& private_key);

// `public_key` is PEM, as 'openssl pkey -pubout' writes it. INVALID_ARGUMENT when it is no such
// key, PERMISSION_DENIED when the signature is not that key's of this statement.
absl::Status Verify(const UpdateStatement& statement, const std::string& signature,
                    const std::string& public_key);

}  // namespace tunefarm::base

#endif  // TUNEFARM_BASE_AGENT_UPDATE_H_
