// The far ends of streams, as the dispatcher sees them: something to put messages into. Implemented
// on gRPC by agent_stream.h and submit_stream.h, and by tests without it.
#ifndef TUNEFARM_TRACKER_PEER_H_
#define TUNEFARM_TRACKER_PEER_H_

#include <functional>

#include "absl/status/status.h"
#include "tunefarm/v1/tracker.pb.h"

namespace tunefarm::tracker {

// Called once: OK when the agent has taken an update, FAILED_PRECONDITION when it refuses it.
using UpdateDone = std::function<void(const absl::Status&)>;

// Thread-safe. Enqueue and Close only take note, so they may be called under a lock; Flush lets
// gRPC send and must not be. A peer may outlive its stream: then nothing happens.
class Peer {
 public:
  virtual ~Peer() = default;
  virtual void Flush() = 0;
};

class AgentPeer : public Peer {
 public:
  virtual void Enqueue(v1::TrackerMessage message) = 0;
  // Ends the stream; what still waits is not sent.
  virtual void Close(absl::Status why) = 0;
  // Sends the update; `done` gets the agent's word, or UNAVAILABLE when the stream ends before it.
  // Unlike the others it lets gRPC send, so it must not be called under a lock.
  virtual void StartUpdate(v1::UpdateAgent /*update*/, UpdateDone done) {
    done(absl::UnimplementedError("this device takes no updates"));
  }
};

class ClientPeer : public Peer {
 public:
  virtual void Enqueue(v1::SubmitUpdate update) = 0;
  // Ends the stream after what still waits.
  virtual void Close(absl::Status why) = 0;
};

}  // namespace tunefarm::tracker

#endif  // TUNEFARM_TRACKER_PEER_H_
