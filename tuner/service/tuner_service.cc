#include "tuner/service/tuner_service.h"

#include "base/status.h"
#include "tuner/service/best_query.h"
#include "tuner/service/grpc_status.h"
#include "tuner/service/task_records.h"

namespace tunefarm::tuner {
namespace {

// How soon a watcher that went away is noticed while nothing happens.
constexpr absl::Duration kWatchInterval = absl::Milliseconds(500);
constexpr uint64_t kMaxListedTasks = 1000;

}  // namespace

grpc::Status TunerServiceImpl::SubmitTask(grpc::ServerContext* context,
                                          const v1::SubmitTaskRequest* request,
                                          v1::SubmitTaskReply* reply) {
  const auto submit = [&]() -> absl::Status {
    TUNEFARM_RETURN_IF_ERROR(gate_.CheckCall(*context));
    TUNEFARM_ASSIGN_OR_RETURN(const SessionSpec asked, FromProto(request->spec()));
    TUNEFARM_ASSIGN_OR_RETURN(const SessionSpec spec, CheckSpec(asked));
    TUNEFARM_ASSIGN_OR_RETURN(const int64_t task_id, runner_->Submit(spec));
    reply->set_task_id(static_cast<uint64_t>(task_id));
    return absl::OkStatus();
  };
  return ToGrpc(submit());
}

grpc::Status TunerServiceImpl::WatchTask(grpc::ServerContext* context,
                                         const v1::WatchTaskRequest* request,
                                         grpc::ServerWriter<v1::TaskEvent>* writer) {
  const absl::Status admitted = gate_.CheckCall(*context);
  if (!admitted.ok()) return ToGrpc(admitted);
  const auto history = runner_->Watch(static_cast<int64_t>(request->task_id()));
  if (!history.ok()) return ToGrpc(history.status());
  uint64_t next = 0;
  while (!context->IsCancelled()) {
    const std::optional<EventHistory::Event> event = (*history)->Next(next, kWatchInterval);
    if (!event.has_value()) {
      if (!(*history)->is_closed()) continue;
      return grpc::Status(
          grpc::StatusCode::UNAVAILABLE,
          "the daemon is shutting down; the task stays queued and is continued by the next one");
    }
    next = event->number + 1;
    v1::TaskEvent message;
    message.set_json(event->json);
    message.set_last(event->last);
    if (!writer->Write(message)) break;
    if (event->last) return grpc::Status::OK;
  }
  return grpc::Status::CANCELLED;
}

grpc::Status TunerServiceImpl::CancelTask(grpc::ServerContext* context,
                                          const v1::CancelTaskRequest* request,
                                          v1::CancelTaskReply*) {
  const absl::Status admitted = gate_.CheckCall(*context);
  if (!admitted.ok()) return ToGrpc(admitted);
  return ToGrpc(runner_->Cancel(static_cast<int64_t>(request->task_id())));
}

grpc::Status TunerServiceImpl::ListTasks(grpc::ServerContext* context, const v1::ListTasksRequest*,
                                         v1::ListTasksReply* reply) {
  const absl::Status admitted = gate_.CheckCall(*context);
  if (!admitted.ok()) return ToGrpc(admitted);
  const absl::StatusOr<std::vector<db::TaskRecord>> tasks = runner_->List(kMaxListedTasks);
  if (!tasks.ok()) return ToGrpc(tasks.status());
  for (const db::TaskRecord& task : *tasks) *reply->add_tasks() = ToEntry(task);
  return grpc::Status::OK;
}

grpc::Status TunerServiceImpl::QueryBest(grpc::ServerContext* context,
                                         const v1::QueryBestRequest* request,
                                         v1::BestSchedule* reply) {
  const auto query = [&]() -> absl::Status {
    TUNEFARM_RETURN_IF_ERROR(gate_.CheckCall(*context));
    TUNEFARM_ASSIGN_OR_RETURN(const TaskSetup task,
                              SetUpTask(request->workload(), request->target()));
    TUNEFARM_ASSIGN_OR_RETURN(const BestSchedule best,
                              FindBest(task, log_, request->include_emulated()));
    *reply = ToProto(best);
    return absl::OkStatus();
  };
  return ToGrpc(query());
}

}  // namespace tunefarm::tuner
