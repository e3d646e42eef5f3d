// absl's codes are gRPC's: the two conversions.
#ifndef TUNEFARM_TUNER_SERVICE_GRPC_STATUS_H_
#define TUNEFARM_TUNER_SERVICE_GRPC_STATUS_H_

#include <grpcpp/support/status.h>

#include <string>

#include "absl/status/status.h"

namespace tunefarm::tuner {

inline grpc::Status ToGrpc(const absl::Status& status) {
  return grpc::Status(static_cast<grpc::StatusCode>(status.code()), std::string(status.message()));
}

inline absl::Status FromGrpc(const grpc::Status& status) {
  return absl::Status(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
}

}  // namespace tunefarm::tuner

#endif  // TUNEFARM_TUNER_SERVICE_GRPC_STATUS_H_
