// The command line's side of TunerService: what `tuner tune --server` and `tuner query --server`
// call.
#ifndef TUNEFARM_TUNER_SERVICE_TUNER_CLIENT_H_
#define TUNEFARM_TUNER_SERVICE_TUNER_CLIENT_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "tunefarm/v1/tuner.grpc.pb.h"
#include "tuner/measure/tracker_client.h"
#include "tuner/session/session.h"

namespace tunefarm::tuner {

// Thread-safe. Errors: the daemon's own, and kUnavailable (nobody answers; one line with the
// address).
class TunerClient {
 public:
  // Touches no network yet.
  explicit TunerClient(const TrackerAddress& address);

  absl::StatusOr<int64_t> Submit(const SessionSpec& spec);
  absl::Status Cancel(int64_t task_id);
  absl::StatusOr<std::vector<v1::TaskEntry>> List();
  absl::StatusOr<BestSchedule> QueryBest(const std::string& workload, const std::string& target,
                                         bool include_emulated);

  // Calls `on_event` for each event of the task, from its first, on this thread; returns OK after
  // the last one.
  absl::Status Watch(int64_t task_id, const std::function<void(const v1::TaskEvent&)>& on_event);

 private:
  // Gives a call its token and, unless it is a stream, its deadline.
  std::unique_ptr<grpc::ClientContext> NewContext(bool is_stream) const;
  absl::Status Convert(const grpc::Status& status) const;

  const TrackerAddress address_;
  const std::unique_ptr<v1::TunerService::Stub> stub_;
};

}  // namespace tunefarm::tuner

#endif  // TUNEFARM_TUNER_SERVICE_TUNER_CLIENT_H_
