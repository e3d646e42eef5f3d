#include "tuner/service/tuner_client.h"

#include <grpcpp/create_channel.h>

#include <chrono>

#include "absl/strings/str_format.h"
#include "base/status.h"
#include "tuner/service/best_query.h"
#include "tuner/service/grpc_status.h"
#include "tuner/service/task_records.h"

namespace tunefarm::tuner {
namespace {

constexpr std::chrono::seconds kCallTimeout(10);
constexpr int kKeepaliveMs = 20000;  // A daemon that lost power is noticed by a watcher.

std::shared_ptr<grpc::Channel> MakeChannel(const std::string& host_port) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveMs);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  return grpc::CreateCustomChannel(host_port, grpc::InsecureChannelCredentials(), arguments);
}

}  // namespace

TunerClient::TunerClient(const TrackerAddress& address)
    : address_(address), stub_(v1::TunerService::NewStub(MakeChannel(address.host_port))) {}

std::unique_ptr<grpc::ClientContext> TunerClient::NewContext(bool is_stream) const {
  auto context = std::make_unique<grpc::ClientContext>();
  if (!address_.token.empty()) context->AddMetadata("authorization", "Bearer " + address_.token);
  if (!is_stream) context->set_deadline(std::chrono::system_clock::now() + kCallTimeout);
  return context;
}

absl::Status TunerClient::Convert(const grpc::Status& status) const {
  if (status.ok()) return absl::OkStatus();
  switch (status.error_code()) {
    case grpc::StatusCode::UNAVAILABLE:
    case grpc::StatusCode::DEADLINE_EXCEEDED:
      return absl::UnavailableError(absl::StrFormat("the daemon at %s does not answer: %s",
                                                    address_.host_port, status.error_message()));
    case grpc::StatusCode::UNIMPLEMENTED:
      return absl::FailedPreconditionError(absl::StrFormat(
          "%s is not a 'tuner serve' (a tracker alone takes no tasks)", address_.host_port));
    default:
      return FromGrpc(status);
  }
}

absl::StatusOr<int64_t> TunerClient::Submit(const SessionSpec& spec) {
  v1::SubmitTaskRequest request;
  *request.mutable_spec() = ToProto(spec);
  v1::SubmitTaskReply reply;
  TUNEFARM_RETURN_IF_ERROR(Convert(stub_->SubmitTask(NewContext(false).get(), request, &reply)));
  return static_cast<int64_t>(reply.task_id());
}

absl::Status TunerClient::Cancel(int64_t task_id) {
  v1::CancelTaskRequest request;
  request.set_task_id(static_cast<uint64_t>(task_id));
  v1::CancelTaskReply reply;
  return Convert(stub_->CancelTask(NewContext(false).get(), request, &reply));
}

absl::StatusOr<std::vector<v1::TaskEntry>> TunerClient::List() {
  v1::ListTasksReply reply;
  TUNEFARM_RETURN_IF_ERROR(
      Convert(stub_->ListTasks(NewContext(false).get(), v1::ListTasksRequest(), &reply)));
  return std::vector<v1::TaskEntry>(reply.tasks().begin(), reply.tasks().end());
}

absl::StatusOr<BestSchedule> TunerClient::QueryBest(const std::string& workload,
                                                    const std::string& target,
                                                    bool include_emulated) {
  v1::QueryBestRequest request;
  request.set_workload(workload);
  request.set_target(target);
  request.set_include_emulated(include_emulated);
  v1::BestSchedule reply;
  TUNEFARM_RETURN_IF_ERROR(Convert(stub_->QueryBest(NewContext(false).get(), request, &reply)));
  return FromProto(reply);
}

absl::Status TunerClient::Watch(int64_t task_id,
                                const std::function<void(const v1::TaskEvent&)>& on_event) {
  v1::WatchTaskRequest request;
  request.set_task_id(static_cast<uint64_t>(task_id));
  const std::unique_ptr<grpc::ClientContext> context = NewContext(true);
  const std::unique_ptr<grpc::ClientReader<v1::TaskEvent>> reader =
      stub_->WatchTask(context.get(), request);
  v1::TaskEvent event;
  while (reader->Read(&event)) on_event(event);
  return Convert(reader->Finish());
}

}  // namespace tunefarm::tuner
