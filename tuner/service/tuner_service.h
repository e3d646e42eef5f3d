// The daemon's gRPC face: TunerService of tunefarm/v1/tuner.proto over a TaskRunner and the log.
// Stands on the tracker's listener, behind the same token.
#ifndef TUNEFARM_TUNER_SERVICE_TUNER_SERVICE_H_
#define TUNEFARM_TUNER_SERVICE_TUNER_SERVICE_H_

#include "db/tuning_log.h"
#include "tracker/token_gate.h"
#include "tunefarm/v1/tuner.grpc.pb.h"
#include "tuner/service/task_runner.h"

namespace tunefarm::tuner {

class TunerServiceImpl final : public v1::TunerService::Service {
 public:
  // Both outlive this. An empty token leaves the service open.
  TunerServiceImpl(TaskRunner* runner, db::TuningLog* log, const std::string& token)
      : runner_(runner), log_(log), gate_(token) {}

  grpc::Status SubmitTask(grpc::ServerContext* context, const v1::SubmitTaskRequest* request,
                          v1::SubmitTaskReply* reply) override;
  grpc::Status WatchTask(grpc::ServerContext* context, const v1::WatchTaskRequest* request,
                         grpc::ServerWriter<v1::TaskEvent>* writer) override;
  grpc::Status CancelTask(grpc::ServerContext* context, const v1::CancelTaskRequest* request,
                          v1::CancelTaskReply* reply) override;
  grpc::Status ListTasks(grpc::ServerContext* context, const v1::ListTasksRequest* request,
                         v1::ListTasksReply* reply) override;
  grpc::Status QueryBest(grpc::ServerContext* context, const v1::QueryBestRequest* request,
                         v1::BestSchedule* reply) override;

 private:
  TaskRunner* const runner_;
  db::TuningLog* const log_;
  const tracker::TokenGate gate_;
};

}  // namespace tunefarm::tuner

#endif  // TUNEFARM_TUNER_SERVICE_TUNER_SERVICE_H_
