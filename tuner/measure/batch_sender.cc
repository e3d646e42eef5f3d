#include "tuner/measure/batch_sender.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "base/clock.h"
#include "base/status.h"

namespace tunefarm::tuner {
namespace {

constexpr int kMaxFailures = 5;  // Of a tracker that answers; one that does not has a time limit.
constexpr absl::Duration kFirstPause = absl::Milliseconds(20);
constexpr absl::Duration kLastPause = absl::Milliseconds(500);
constexpr absl::Duration kUploadTimeout = absl::Seconds(60);

// A channel can hold a connection that is broken already for an alive one: waiting until it is
// connected is no pause.
absl::Duration PauseBefore(int failures) {
  return failures <= 1 ? absl::ZeroDuration()
                       : std::min(kFirstPause * (1 << std::min(failures, 10)), kLastPause);
}

absl::Status Upload(TrackerClient* tracker, absl::Duration reconnect_timeout,
                    const std::atomic<bool>& abandoned,
                    const std::shared_ptr<const v1::Blob>& blob) {
  TUNEFARM_RETURN_IF_ERROR(tracker->WaitUntilReachable(reconnect_timeout, &abandoned));
  if (blob == nullptr) return absl::OkStatus();
  v1::PutBlobsRequest request;
  *request.add_blobs() = *blob;
  return tracker->PutBlobs(request, kUploadTimeout);
}

}  // namespace

BatchSender::BatchSender(TrackerClient* tracker, SerialQueue* events, SerialQueue* slow,
                         absl::Duration reconnect_timeout, Listener listener)
    : tracker_(tracker),
      events_(events),
      slow_(slow),
      reconnect_timeout_(reconnect_timeout),
      listener_(std::move(listener)) {}

void BatchSender::Clear() {
  *std::exchange(abandoned_, std::make_shared<std::atomic<bool>>(false)) = true;
  batches_.clear();
}

size_t BatchSender::outstanding() const {
  size_t count = 0;
  for (const auto& [id, batch] : batches_) {
    count += static_cast<size_t>(batch.request.candidates_size());
  }
  return count;
}

void BatchSender::Send(v1::SubmitRequest request, std::shared_ptr<const v1::Blob> expected) {
  const uint64_t batch_id = ++last_batch_id_;
  batches_[batch_id] = {std::move(request), std::move(expected), nullptr, 0, {}};
  Start(batch_id);
}

void BatchSender::Start(uint64_t batch_id) {
  Batch& batch = batches_.at(batch_id);
  const SerialQueue::Poster events = events_->poster();
  // A tracker that does not have the blob says so, and the batch is sent again: it is uploaded once
  // per tracker and workload, not once per batch.
  batch.submission = tracker_->Submit(
      batch.request,
      [this, events, batch_id](v1::SubmitUpdate update) {
        events.Post([this, batch_id, update = std::move(update)] { OnUpdate(batch_id, update); });
      },
      [this, events, batch_id](absl::Status status) {
        events.Post([this, batch_id, status = std::move(status)] { OnEnd(batch_id, status); });
      });
}

void BatchSender::OnUpdate(uint64_t batch_id, const v1::SubmitUpdate& update) {
  const auto found = batches_.find(batch_id);
  if (found == batches_.end()) return;
  if (update.has_waiting()) return listener_.on_waiting(update.waiting());
  auto* candidates = found->second.request.mutable_candidates();
  const auto candidate =
      std::find_if(candidates->begin(), candidates->end(), [&](const v1::Candidate& held) {
        return held.candidate_id() == update.result().candidate_id();
      });
  if (candidate == candidates->end()) return;
  candidates->erase(candidate);
  found->second.failures = 0;
  listener_.on_result(update.result());
}

void BatchSender::OnEnd(uint64_t batch_id, const absl::Status& status) {
  const auto found = batches_.find(batch_id);
  if (found == batches_.end()) return;
  if (found->second.request.candidates().empty()) {
    batches_.erase(found);
    return;
  }
  OnFailure(batch_id, status.ok()
                          ? absl::InternalError(absl::StrFormat(
                                "tracker %s ended a submission with %d candidates unanswered",
                                tracker_->host_port(), found->second.request.candidates_size()))
                          : status);
}

void BatchSender::OnFailure(uint64_t batch_id, const absl::Status& status) {
  Batch& batch = batches_.at(batch_id);
  const absl::Duration now = base::RealClock().SteadyNow();
  if (++batch.failures == 1) batch.failing_since = now;
  const bool retry = absl::IsUnavailable(status)
                         ? now - batch.failing_since < reconnect_timeout_
                         : absl::IsFailedPrecondition(status) && batch.failures < kMaxFailures;
  if (retry) {
    Retry(batch_id);
  } else {
    Refuse(batch_id, status);
  }
}

void BatchSender::Retry(uint64_t batch_id) {
  const SerialQueue::Poster events = events_->poster();
  const Batch& batch = batches_.at(batch_id);
  slow_->Post([this, events, batch_id, tracker = tracker_, timeout = reconnect_timeout_,
               abandoned = abandoned_, expected = batch.expected, failures = batch.failures] {
    absl::SleepFor(PauseBefore(failures));
    const absl::Status status = Upload(tracker, timeout, *abandoned, expected);
    events.Post([this, batch_id, status] {
      if (!batches_.contains(batch_id)) return;
      if (status.ok()) {
        Start(batch_id);
      } else {
        OnFailure(batch_id, status);
      }
    });
  });
}

void BatchSender::Refuse(uint64_t batch_id, const absl::Status& status) {
  std::vector<uint64_t> ids;
  for (const v1::Candidate& candidate : batches_.at(batch_id).request.candidates()) {
    ids.push_back(candidate.candidate_id());
  }
  batches_.erase(batch_id);
  listener_.on_refused(ids, status);
}

}  // namespace tunefarm::tuner
