// The tuner's side of TrackerService: submissions as streams of callbacks, the rest as plain calls.
//
// Stands between the measurer (or the command line) and a tracker; relies on the protocol in
// tunefarm/v1/tracker.proto alone. Errors name the tracker's address in one line.
#ifndef TUNEFARM_TUNER_MEASURE_TRACKER_CLIENT_H_
#define TUNEFARM_TUNER_MEASURE_TRACKER_CLIENT_H_

#include <grpcpp/channel.h>

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/mutex.h"
#include "tunefarm/v1/tracker.grpc.pb.h"

namespace tunefarm::tuner {

struct TrackerAddress {
  std::string host_port;  // "127.0.0.1:7700"
  std::string token;      // Empty: none. Sent as "authorization: Bearer TOKEN".
};

// Thread-safe.
class TrackerClient {
 public:
  using OnUpdate = std::function<void(v1::SubmitUpdate)>;
  using OnEnd = std::function<void(absl::Status)>;

  // A submission in progress. Destroying it withdraws what has not ended.
  class Submission {
   public:
    virtual ~Submission() = default;
  };

  // Touches no network yet.
  explicit TrackerClient(const TrackerAddress& address);
  // Withdraws all submissions and waits for their last callbacks.
  ~TrackerClient();

  const std::string& host_port() const { return address_.host_port; }

  // Errors of the four: kUnavailable (not reachable, or silent for `timeout`), else the tracker's
  // own.
  absl::StatusOr<std::vector<v1::DeviceEntry>> ListDevices(absl::Duration timeout);
  absl::Status PutBlobs(const v1::PutBlobsRequest& request, absl::Duration timeout);
  absl::Status DrainDevice(const std::string& name, const std::string& reason,
                           absl::Duration timeout);
  // Waits for the agent's word on the update; FAILED_PRECONDITION: it refuses.
  absl::Status UpdateDevice(const std::string& name, v1::UpdateAgent update,
                            absl::Duration timeout);
  absl::Status UndrainDevice(const std::string& name, absl::Duration timeout);
  // Tries to connect until `timeout` has passed, also where nobody listens yet. Errors:
  // kUnavailable, kCancelled once `abandoned` (may be null) becomes true.
  absl::Status WaitUntilReachable(absl::Duration timeout,
                                  const std::atomic<bool>* abandoned = nullptr);

  // Calls on_update for each update and at last on_end, once, on gRPC's threads. A status of OK:
  // every candidate has had its result. A tracker that is gone ends the stream with kUnavailable.
  std::unique_ptr<Submission> Submit(const v1::SubmitRequest& request, OnUpdate on_update,
                                     OnEnd on_end) ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  class Stream;

  void Prepare(grpc::ClientContext* context) const;
  absl::Status Convert(const grpc::Status& status) const;
  void Forget(const Stream* stream) ABSL_LOCKS_EXCLUDED(mutex_);

  const TrackerAddress address_;
  const std::shared_ptr<grpc::Channel> channel_;
  const std::unique_ptr<v1::TrackerService::Stub> stub_;

  base::Mutex mutex_;
  base::CondVar ended_;  // A stream.
  std::vector<std::shared_ptr<Stream>> streams_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tunefarm::tuner

#endif  // TUNEFARM_TUNER_MEASURE_TRACKER_CLIENT_H_
