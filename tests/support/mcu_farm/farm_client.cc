#include "tests/support/mcu_farm/farm_client.h"

#include <grpcpp/grpcpp.h>

#include <chrono>

namespace tunefarm::testing {
namespace {

constexpr char kListening[] = "listening on ";

absl::Status ToAbsl(const grpc::Status& status) {
  return absl::Status(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
}

}  // namespace

TrackerProcess::TrackerProcess()
    : program_("tuner-tracker", {"--listen", "127.0.0.1:0"}),
      address_(program_.ReadLine().substr(sizeof(kListening) - 1)) {}

FarmClient::FarmClient(const std::string& address) {
  grpc::ChannelArguments arguments;
  // A connection of its own, as processes have them.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  stub_ = v1::TrackerService::NewStub(
      grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments));
}

absl::Status FarmClient::Put(const v1::Blob& blob) {
  grpc::ClientContext context;
  v1::PutBlobsRequest request;
  *request.add_blobs() = blob;
  v1::PutBlobsReply reply;
  return ToAbsl(stub_->PutBlobs(&context, request, &reply));
}

absl::Status FarmClient::Measure(const v1::SubmitRequest& request, absl::Duration patience,
                                 const std::function<void(const v1::MeasureResult&)>& on_result) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + absl::ToChronoMilliseconds(patience));
  const auto reader = stub_->Submit(&context, request);
  for (v1::SubmitUpdate update; reader->Read(&update);) {
    if (update.has_result()) on_result(update.result());
  }
  return ToAbsl(reader->Finish());
}

}  // namespace tunefarm::testing
