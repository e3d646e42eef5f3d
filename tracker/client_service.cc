#include "tracker/client_service.h"

#include <atomic>
#include <memory>
#include <utility>

#include "base/status.h"
#include "tracker/outbox.h"
#include "tracker/stream_pump.h"

namespace tunefarm::tracker {
namespace {

using Reactor = grpc::ServerWriteReactor<v1::SubmitUpdate>;

// Owned by itself until gRPC is done with it, and by the dispatcher while the submission lives.
class SubmitStream final : public Reactor,
                           public ClientPeer,
                           public std::enable_shared_from_this<SubmitStream> {
 public:
  static Reactor* Open(grpc::CallbackServerContext* context, Dispatcher& dispatcher,
                       const TokenGate& gate, const v1::SubmitRequest& request) {
    auto stream = std::make_shared<SubmitStream>(context, dispatcher);
    stream->self_ = stream;
    if (const absl::Status status = stream->Submit(gate, request); !status.ok()) {
      stream->Close(status);
      stream->Flush();
    }
    return stream.get();
  }

  SubmitStream(grpc::CallbackServerContext* context, Dispatcher& dispatcher)
      : context_(context), dispatcher_(dispatcher), outbox_(OutboxLimits{.max_messages = 65536}) {}

  void Enqueue(v1::SubmitUpdate update) override { outbox_.Push(std::move(update)); }
  void Close(absl::Status why) override { outbox_.Close(std::move(why), Pending::kDeliver); }

  void Flush() override { Pump<v1::SubmitUpdate>(outbox_, *this, *context_); }

  void OnWriteDone(bool ok) override {
    outbox_.WriteDone(ok);
    Flush();
  }

  void OnCancel() override {
    if (const SubmissionId submission = submission_.load(); submission != 0) {
      dispatcher_.ClientGone(submission);
    }
    outbox_.Close(absl::CancelledError("the client is gone"), Pending::kDrop);
    Flush();
  }

  void OnDone() override { self_.reset(); }

 private:
  using Pending = Outbox<v1::SubmitUpdate>::Pending;

  absl::Status Submit(const TokenGate& gate, const v1::SubmitRequest& request) {
    TUNEFARM_RETURN_IF_ERROR(gate.CheckCall(*context_));
    TUNEFARM_ASSIGN_OR_RETURN(const SubmissionId submission,
                              dispatcher_.Submit(shared_from_this(), request));
    submission_.store(submission);
    return absl::OkStatus();
  }

  grpc::CallbackServerContext* const context_;
  Dispatcher& dispatcher_;
  std::shared_ptr<SubmitStream> self_;
  std::atomic<SubmissionId> submission_ = 0;  // 0: none (yet). Set before gRPC may call OnCancel.
  Outbox<v1::SubmitUpdate> outbox_;
};

grpc::ServerUnaryReactor* Answer(grpc::CallbackServerContext* context, const absl::Status& status) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  reactor->Finish(ToGrpc(status));
  return reactor;
}

}  // namespace

Reactor* ClientServiceImpl::Submit(grpc::CallbackServerContext* context,
                                   const v1::SubmitRequest* request) {
  return SubmitStream::Open(context, dispatcher_, gate_, *request);
}

grpc::ServerUnaryReactor* ClientServiceImpl::PutBlobs(grpc::CallbackServerContext* context,
                                                      const v1::PutBlobsRequest* request,
                                                      v1::PutBlobsReply* /*reply*/) {
  absl::Status status = gate_.CheckCall(*context);
  for (const v1::Blob& blob : request->blobs()) {
    if (status.ok()) status = blobs_.Put(blob.digest(), blob.data());
  }
  return Answer(context, status);
}

grpc::ServerUnaryReactor* ClientServiceImpl::ListDevices(grpc::CallbackServerContext* context,
                                                         const v1::ListDevicesRequest* /*request*/,
                                                         v1::ListDevicesReply* reply) {
  const absl::Status status = gate_.CheckCall(*context);
  if (status.ok()) *reply = dispatcher_.ListDevices();
  return Answer(context, status);
}

grpc::ServerUnaryReactor* ClientServiceImpl::DrainDevice(grpc::CallbackServerContext* context,
                                                         const v1::DrainDeviceRequest* request,
                                                         v1::DrainDeviceReply* /*reply*/) {
  absl::Status status = gate_.CheckCall(*context);
  if (status.ok()) status = dispatcher_.DrainDevice(request->name(), request->reason());
  return Answer(context, status);
}

grpc::ServerUnaryReactor* ClientServiceImpl::UpdateDevice(grpc::CallbackServerContext* context,
                                                          const v1::UpdateDeviceRequest* request,
                                                          v1::UpdateDeviceReply* /*reply*/) {
  const absl::Status status = gate_.CheckCall(*context);
  if (!status.ok()) return Answer(context, status);
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  dispatcher_.UpdateDevice(request->name(), request->update(),
                           [reactor](const absl::Status& word) { reactor->Finish(ToGrpc(word)); });
  return reactor;
}

grpc::ServerUnaryReactor* ClientServiceImpl::UndrainDevice(grpc::CallbackServerContext* context,
                                                           const v1::UndrainDeviceRequest* request,
                                                           v1::UndrainDeviceReply* /*reply*/) {
  absl::Status status = gate_.CheckCall(*context);
  if (status.ok()) status = dispatcher_.UndrainDevice(request->name());
  return Answer(context, status);
}

}  // namespace tunefarm::tracker
