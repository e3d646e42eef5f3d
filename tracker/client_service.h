// TrackerService on gRPC's callback API: submissions as streams, the rest as plain calls.
#ifndef TUNEFARM_TRACKER_CLIENT_SERVICE_H_
#define TUNEFARM_TRACKER_CLIENT_SERVICE_H_

#include <grpcpp/server_context.h>

#include "tracker/blob_store.h"
#include "tracker/dispatcher.h"
#include "tracker/token_gate.h"
#include "tunefarm/v1/tracker.grpc.pb.h"

namespace tunefarm::tracker {

class ClientServiceImpl final : public v1::TrackerService::CallbackService {
 public:
  // All must outlive the gRPC server.
  ClientServiceImpl(Dispatcher& dispatcher, BlobStore& blobs, const TokenGate& gate)
      : dispatcher_(dispatcher), blobs_(blobs), gate_(gate) {}

  grpc::ServerWriteReactor<v1::SubmitUpdate>* Submit(grpc::CallbackServerContext* context,
                                                     const v1::SubmitRequest* request) override;
  grpc::ServerUnaryReactor* PutBlobs(grpc::CallbackServerContext* context,
                                     const v1::PutBlobsRequest* request,
                                     v1::PutBlobsReply* reply) override;
  grpc::ServerUnaryReactor* ListDevices(grpc::CallbackServerContext* context,
                                        const v1::ListDevicesRequest* request,
                                        v1::ListDevicesReply* reply) override;
  grpc::ServerUnaryReactor* DrainDevice(grpc::CallbackServerContext* context,
                                        const v1::DrainDeviceRequest* request,
                                        v1::DrainDeviceReply* reply) override;
  grpc::ServerUnaryReactor* UpdateDevice(grpc::CallbackServerContext* context,
                                         const v1::UpdateDeviceRequest* request,
                                         v1::UpdateDeviceReply* reply) override;
  grpc::ServerUnaryReactor* UndrainDevice(grpc::CallbackServerContext* context,
                                          const v1::UndrainDeviceRequest* request,
                                          v1::UndrainDeviceReply* reply) override;

 private:
  Dispatcher& dispatcher_;
  BlobStore& blobs_;
  const TokenGate& gate_;
};

}  // namespace tunefarm::tracker

#endif  // TUNEFARM_TRACKER_CLIENT_SERVICE_H_
