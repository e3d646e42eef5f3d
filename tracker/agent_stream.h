// AgentService on gRPC's callback API: one reactor per connected agent.
#ifndef TUNEFARM_TRACKER_AGENT_STREAM_H_
#define TUNEFARM_TRACKER_AGENT_STREAM_H_

#include <grpcpp/server_context.h>

#include "tracker/dispatcher.h"
#include "tracker/token_gate.h"
#include "tunefarm/v1/tracker.grpc.pb.h"

namespace tunefarm::tracker {

class AgentServiceImpl final : public v1::AgentService::CallbackService {
 public:
  // Both must outlive the gRPC server.
  AgentServiceImpl(Dispatcher& dispatcher, const TokenGate& gate)
      : dispatcher_(dispatcher), gate_(gate) {}

  grpc::ServerBidiReactor<v1::AgentMessage, v1::TrackerMessage>* Connect(
      grpc::CallbackServerContext* context) override;

 private:
  Dispatcher& dispatcher_;
  const TokenGate& gate_;
};

}  // namespace tunefarm::tracker

#endif  // TUNEFARM_TRACKER_AGENT_STREAM_H_
