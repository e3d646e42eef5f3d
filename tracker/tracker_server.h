// The tracker as a gRPC server: what tuner-tracker runs and `tuner serve` embeds. It listens, keeps
// time for the core, and shuts down cleanly; what is decided is decided in tracker/tracker_core.h.
#ifndef TUNEFARM_TRACKER_TRACKER_SERVER_H_
#define TUNEFARM_TRACKER_TRACKER_SERVER_H_

#include <grpcpp/impl/service_type.h>

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/clock.h"
#include "tracker/token_gate.h"
#include "tracker/types.h"

namespace tunefarm::tracker {

struct TrackerServerOptions {
  std::string listen = "127.0.0.1:7700";  // HOST:PORT or [IPV6]:PORT; port 0 takes a free one.
  std::string token;                      // Empty: none, allowed on loopback only.
  TrackerPolicy policy;                   // Its first_epoch is set from the wall clock.
  size_t max_blob_bytes = size_t{64} << 20;
  size_t max_queued_bytes = size_t{512} << 20;  // Of kernels in submissions that have not ended.
  // A peer that lost power or network is noticed after this twice, at the latest: once until it is
  // asked, once until it counts as gone. Agents may ask as often as every half of it.
  absl::Duration keepalive = absl::Seconds(10);
  std::vector<grpc::Service*> extra_services;     // On the same listener; must outlive the server.
  const base::Clock* clock = &base::RealClock();  // Must outlive the server.
  // How long Shutdown waits for calls of extra services, and for peers to hear of the end.
  absl::Duration shutdown_grace = absl::Milliseconds(500);
};

// Thread-safe.
class TrackerServer {
 public:
  // Listens when this returns. Errors: INVALID_ARGUMENT (address, or one beyond loopback without a
  // token), UNAVAILABLE (cannot listen there, and why).
  static absl::StatusOr<std::unique_ptr<TrackerServer>> Start(const TrackerServerOptions& options);

  virtual ~TrackerServer() = default;  // Shuts down.

  virtual int port() const = 0;
  // As asked for, with the real port: "127.0.0.1:7700".
  virtual std::string address() const = 0;
  // For the calls of extra services: the gate is the same for all of the listener.
  virtual const TokenGate& gate() const = 0;

  // Ends every stream with UNAVAILABLE, refuses new ones and returns when no call is left; what has
  // not ended after the grace is cancelled. A second call does nothing.
  virtual void Shutdown() = 0;
};

// Sends gRPC's own log lines to spdlog at debug level: its errors come back as statuses, and what
// we have to say about them stands on one line. For the whole process.
void RouteGrpcLog();

}  // namespace tunefarm::tracker

#endif  // TUNEFARM_TRACKER_TRACKER_SERVER_H_
