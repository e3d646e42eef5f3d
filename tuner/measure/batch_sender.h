// Brings batches to the tracker and through its failures: uploads the expected output a batch is
// verified against, submits, and submits again what had no result when the tracker was restarted.
//
// Not thread-safe: belongs to the thread of the SerialQueue it is given and calls back on it.
#ifndef TUNEFARM_TUNER_MEASURE_BATCH_SENDER_H_
#define TUNEFARM_TUNER_MEASURE_BATCH_SENDER_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "tunefarm/v1/kernel.pb.h"
#include "tunefarm/v1/tracker.pb.h"
#include "tuner/measure/serial_queue.h"
#include "tuner/measure/tracker_client.h"

namespace tunefarm::tuner {

class BatchSender {
 public:
  struct Listener {
    std::function<void(const v1::MeasureResult&)> on_result;
    std::function<void(const std::string& reason)> on_waiting;
    // The candidates that never had a result, after the tracker refused the batch or stayed away.
    std::function<void(const std::vector<uint64_t>& candidate_ids, const absl::Status&)> on_refused;
  };

  // `events` is the queue this object lives on; `slow` is another, for calls that block. This must
  // not be destroyed before `events` is, nor `events` before its last use here. A batch whose
  // connection breaks, however often, is tried again until it had no success for
  // `reconnect_timeout`.
  BatchSender(TrackerClient* tracker, SerialQueue* events, SerialQueue* slow,
              absl::Duration reconnect_timeout, Listener listener);

  // Candidate ids are unique among all that is outstanding. `expected` may be null: nothing is
  // verified.
  void Send(v1::SubmitRequest request, std::shared_ptr<const v1::Blob> expected);
  // Withdraws everything; nothing of it is told any more.
  void Clear();

  size_t outstanding() const;

 private:
  struct Batch {
    v1::SubmitRequest request;  // Candidates leave it as their results arrive.
    std::shared_ptr<const v1::Blob> expected;
    std::unique_ptr<TrackerClient::Submission> submission;
    // Since the last result, or since it was sent.
    int failures = 0;
    absl::Duration failing_since;  // Steady clock.
  };

  void Start(uint64_t batch_id);
  void OnUpdate(uint64_t batch_id, const v1::SubmitUpdate& update);
  void OnEnd(uint64_t batch_id, const absl::Status& status);
  // Tries again, or gives up where `status` or the time since the last success says so.
  void OnFailure(uint64_t batch_id, const absl::Status& status);
  // Once the tracker answers and has the blob, tries again.
  void Retry(uint64_t batch_id);
  void Refuse(uint64_t batch_id, const absl::Status& status);

  TrackerClient* const tracker_;
  SerialQueue* const events_;
  SerialQueue* const slow_;
  const absl::Duration reconnect_timeout_;
  const Listener listener_;
  std::map<uint64_t, Batch> batches_;
  uint64_t last_batch_id_ = 0;
  // Set for the waits of batches that have been withdrawn.
  std::shared_ptr<std::atomic<bool>> abandoned_ = std::make_shared<std::atomic<bool>>(false);
};

}  // namespace tunefarm::tuner

#endif  // TUNEFARM_TUNER_MEASURE_BATCH_SENDER_H_
