// `tuner serve`: the tuning log, a tracker for agents and clients, and the sessions of submitted
// tasks in one process, on one port.
#ifndef TUNEFARM_TUNER_SERVICE_DAEMON_H_
#define TUNEFARM_TUNER_SERVICE_DAEMON_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace tunefarm::tuner {

struct DaemonOptions {
  std::string listen =
      "127.0.0.1:7700";  // HOST:PORT; port 0 takes a free one. Beyond loopback a token is needed.
  std::string db = "tuner.db";
  std::string token;        // Empty: none.
  std::string owner;        // "user@host:pid", for the tracker.
  size_t max_sessions = 8;  // Side by side, each on another target.
};

// Thread-safe.
class Daemon {
 public:
  // Listens and runs what the log holds as open when this returns. Errors: those of
  // TuningLog::Open, TrackerServer::Start and Farm::Open.
  static absl::StatusOr<std::unique_ptr<Daemon>> Start(const DaemonOptions& options);
  virtual ~Daemon() = default;  // Drains.

  // With the real port.
  virtual std::string address() const = 0;

  // Lets running trials finish, leaves open tasks queued in the log, then stops listening. A second
  // call does nothing.
  virtual void Drain() = 0;
};

}  // namespace tunefarm::tuner

#endif  // TUNEFARM_TUNER_SERVICE_DAEMON_H_
