// The address a tracker listens on, as people type it.
#ifndef TUNEFARM_TRACKER_LISTEN_ADDRESS_H_
#define TUNEFARM_TRACKER_LISTEN_ADDRESS_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace tunefarm::tracker {

struct ListenAddress {
  std::string host;   // Name or number, IPv6 without brackets.
  uint16_t port = 0;  // 0: any free port.
};

// "HOST:PORT" or "[IPV6]:PORT". Errors: INVALID_ARGUMENT.
absl::StatusOr<ListenAddress> ParseListenAddress(const std::string& text);

// The inverse of ParseListenAddress.
std::string ToString(const ListenAddress& address);

// Only processes of this machine can reach it. A name other than localhost counts as reachable.
bool IsLoopback(const ListenAddress& address);

// Tries to bind the address with plain sockets and says why that fails: gRPC does not. OK when it
// works. Errors: UNAVAILABLE with the operating system's reason.
absl::Status ProbeListen(const ListenAddress& address);

}  // namespace tunefarm::tracker

#endif  // TUNEFARM_TRACKER_LISTEN_ADDRESS_H_
