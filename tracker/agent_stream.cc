#include "tracker/agent_stream.h"

#include <memory>
#include <optional>
#include <utility>

#include "base/status.h"
#include "tracker/outbox.h"
#include "tracker/stream_pump.h"
#include "tracker/update_slot.h"

namespace tunefarm::tracker {
namespace {

using Reactor = grpc::ServerBidiReactor<v1::AgentMessage, v1::TrackerMessage>;

// Owned by itself until gRPC is done with it, and by whoever else holds it as a peer. There is
// always one read outstanding until the stream ends; reads are serialised by gRPC, so `session_`
// needs no lock.
class AgentStream final : public Reactor,
                          public AgentPeer,
                          public std::enable_shared_from_this<AgentStream> {
 public:
  static Reactor* Open(grpc::CallbackServerContext* context, Dispatcher& dispatcher,
                       const TokenGate& gate) {
    auto stream = std::make_shared<AgentStream>(context, dispatcher, gate);
    stream->self_ = stream;
    dispatcher.Opened(stream);
    stream->StartRead(&stream->incoming_);
    return stream.get();
  }

  AgentStream(grpc::CallbackServerContext* context, Dispatcher& dispatcher, const TokenGate& gate)
      : context_(context), dispatcher_(dispatcher), gate_(gate) {}

  void Enqueue(v1::TrackerMessage message) override { outbox_.Push(std::move(message)); }
  void Close(absl::Status why) override {
    outbox_.Close(std::move(why), Outbox<v1::TrackerMessage>::Pending::kDrop);
  }

  void StartUpdate(v1::UpdateAgent update, UpdateDone done) override {
    if (!update_.Take(update.digest(), std::move(done))) return;
    v1::TrackerMessage message;
    *message.mutable_update() = std::move(update);
    Enqueue(std::move(message));
    Flush();
  }

  void Flush() override { Pump<v1::TrackerMessage>(outbox_, *this, *context_); }

  void OnReadDone(bool ok) override {
    if (!ok) {
      if (session_.has_value()) dispatcher_.AgentGone(*session_, "its stream closed");
      End(absl::CancelledError("the agent closed its stream"));
      return;
    }
    if (const absl::Status status = Take(); !status.ok()) {
      if (session_.has_value()) dispatcher_.AgentGone(*session_, "it broke the protocol");
      End(status);
      return;
    }
    if (!probed_) StartRead(&incoming_);
  }

  void OnWriteDone(bool ok) override {
    outbox_.WriteDone(ok);
    Flush();
  }

  void OnDone() override {
    update_.End(absl::UnavailableError("the agent went away before it answered"));
    self_.reset();
  }

 private:
  absl::Status Take() {
    if (session_.has_value()) {
      if (incoming_.has_hello()) return absl::InvalidArgumentError("a second Hello on one stream");
      if (incoming_.has_update_report()) update_.Report(incoming_.update_report());
      dispatcher_.FromAgent(*session_, incoming_);
      return absl::OkStatus();
    }
    if (!incoming_.has_hello()) return absl::InvalidArgumentError("the first message is not Hello");
    TUNEFARM_RETURN_IF_ERROR(gate_.Check(incoming_.hello().token()));
    if (incoming_.hello().probe()) return Probe(incoming_.hello());
    TUNEFARM_ASSIGN_OR_RETURN(session_, dispatcher_.Hello(shared_from_this(), incoming_.hello()));
    return absl::OkStatus();
  }

  absl::Status Probe(const v1::Hello& hello) {
    TUNEFARM_ASSIGN_OR_RETURN(v1::TrackerMessage welcome, dispatcher_.Probe(hello));
    outbox_.Push(std::move(welcome));
    probed_ = true;
    outbox_.Close(absl::OkStatus(), Outbox<v1::TrackerMessage>::Pending::kDeliver);
    Flush();
    return absl::OkStatus();
  }

  void End(const absl::Status& status) {
    if (!session_.has_value()) dispatcher_.Left(this);
    Close(status);
    Flush();
  }

  grpc::CallbackServerContext* const context_;
  Dispatcher& dispatcher_;
  const TokenGate& gate_;
  std::shared_ptr<AgentStream> self_;
  std::optional<SessionId> session_;
  bool probed_ = false;  // The stream has had its only message.
  UpdateSlot update_;
  v1::AgentMessage incoming_;
  Outbox<v1::TrackerMessage> outbox_;
};

}  // namespace

Reactor* AgentServiceImpl::Connect(grpc::CallbackServerContext* context) {
  return AgentStream::Open(context, dispatcher_, gate_);
}

}  // namespace tunefarm::tracker
