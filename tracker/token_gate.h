// The shared secret of a tracker: where it comes from and how calls show it. Embedders that add
// services of their own to the tracker's listener (TrackerServerOptions::extra_services) check
// their calls with it too. Client certificates, when they come, are another gate in front of the
// same calls.
#ifndef TUNEFARM_TRACKER_TOKEN_GATE_H_
#define TUNEFARM_TRACKER_TOKEN_GATE_H_

#include <grpcpp/server_context.h>

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace tunefarm::tracker {

// The token in a file: its contents without white space around them. Errors: NOT_FOUND (cannot be
// read), INVALID_ARGUMENT (empty).
absl::StatusOr<std::string> ReadTokenFile(const std::string& path);

// Immutable, so thread-safe.
class TokenGate {
 public:
  // An empty token leaves the gate open.
  explicit TokenGate(const std::string& token);

  // UNAUTHENTICATED unless `given` is the token. Its duration tells nothing of the token.
  absl::Status Check(const std::string& given) const;
  // The same for the metadata "authorization: Bearer TOKEN" of a call.
  absl::Status CheckCall(const grpc::ServerContextBase& context) const;

 private:
  std::string digest_;  // Of the token; empty: open.
};

}  // namespace tunefarm::tracker

#endif  // TUNEFARM_TRACKER_TOKEN_GATE_H_
