// Carries an outbox's steps out on a gRPC callback reactor.
#ifndef TUNEFARM_TRACKER_STREAM_PUMP_H_
#define TUNEFARM_TRACKER_STREAM_PUMP_H_

#include <grpcpp/server_context.h>
#include <grpcpp/support/status.h>

#include <string>

#include "absl/status/status.h"
#include "tracker/outbox.h"

namespace tunefarm::tracker {

// The codes of both are the same numbers (docs/design.md, decision 3).
inline grpc::Status ToGrpc(const absl::Status& status) {
  return grpc::Status(static_cast<grpc::StatusCode>(status.code()), std::string(status.message()));
}

// Starts what may be started now. `Reactor` is a ServerWriteReactor or ServerBidiReactor of
// `Message` whose OnWriteDone calls WriteDone and then this again. To be called without locks.
template <class Message, class Reactor>
void Pump(Outbox<Message>& outbox, Reactor& reactor, grpc::CallbackServerContext& context) {
  using Kind = typename Outbox<Message>::Kind;
  while (true) {
    const typename Outbox<Message>::Step step = outbox.Next();
    switch (step.kind) {
      case Kind::kNothing:
        return;
      case Kind::kWrite:
        reactor.StartWrite(step.message);
        return;
      case Kind::kFinish:
        reactor.Finish(ToGrpc(step.status));
        return;
      case Kind::kCancel:
        context.TryCancel();
        outbox.CancelDone();
        break;
    }
  }
}

}  // namespace tunefarm::tracker

#endif  // TUNEFARM_TRACKER_STREAM_PUMP_H_
