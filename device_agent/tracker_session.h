// One connection to the tracker: the bidirectional stream of AgentService.Connect. The only code of
// the agent that knows gRPC calls.
#ifndef TUNEFARM_DEVICE_AGENT_TRACKER_SESSION_H_
#define TUNEFARM_DEVICE_AGENT_TRACKER_SESSION_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "tunefarm/v1/tracker.grpc.pb.h"

namespace tunefarm::device_agent {

// Dials at the first write. One thread reads, one writes, any thread may cancel.
class TrackerSession {
 public:
  // `address` is HOST:PORT. A tracker that lost power or network is noticed after `keepalive` twice
  // at the latest; one that does not answer at all, after kDialTimeout. The stream ends with
  // DEADLINE_EXCEEDED after `lifetime`.
  TrackerSession(const std::string& address, absl::Duration keepalive,
                 absl::Duration lifetime = absl::InfiniteDuration());

  static constexpr absl::Duration kDialTimeout = absl::Seconds(5);

  // False when the stream is at its end. Blocks.
  bool Read(v1::TrackerMessage* message);
  bool Write(const v1::AgentMessage& message);

  // Tells the tracker that no more will be written; it then ends the stream.
  void WritesDone();

  // Ends the stream: blocked reads and writes return false.
  void Cancel();

  // Why the stream ended, by gRPC's code. To be called once, after Read has returned false and
  // nobody writes any more.
  absl::Status Finish();

 private:
  grpc::ClientContext context_;
  std::unique_ptr<v1::AgentService::Stub> stub_;
  std::unique_ptr<grpc::ClientReaderWriter<v1::AgentMessage, v1::TrackerMessage>> stream_;
};

}  // namespace tunefarm::device_agent

#endif  // TUNEFARM_DEVICE_AGENT_TRACKER_SESSION_H_
