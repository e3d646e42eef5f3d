// The sending half of one gRPC stream: a bounded queue of messages and the stream's end, handed out
// as the steps a callback reactor may take - one write at a time, one Finish, nothing after it. It
// holds no gRPC call itself, so that no lock is held while gRPC runs. Thread-safe.
//
// Use: after Push, Close, WriteDone or CancelDone, call Next and do what it says; a write is
// answered by WriteDone when gRPC reports its end, a cancel by CancelDone as soon as it was made.
#ifndef TUNEFARM_TRACKER_OUTBOX_H_
#define TUNEFARM_TRACKER_OUTBOX_H_

#include <cstddef>
#include <deque>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "base/mutex.h"

namespace tunefarm::tracker {

struct OutboxLimits {
  size_t max_messages = 4096;
  size_t max_bytes = size_t{256} << 20;
};

template <class Message>
class Outbox {
 public:
  enum class Kind {
    kNothing,
    kWrite,   // StartWrite(message)
    kCancel,  // TryCancel(): the peer does not read, only that ends the write in flight
    kFinish,  // Finish(status)
  };
  struct Step {
    Kind kind = Kind::kNothing;
    const Message* message = nullptr;  // Valid until WriteDone.
    absl::Status status;
  };
  enum class Pending { kDeliver, kDrop };

  explicit Outbox(const OutboxLimits& limits = {}) : limits_(limits) {}

  // Ignored once the stream is closed. Beyond the limits the stream is broken off with
  // RESOURCE_EXHAUSTED: a peer that does not read must not fill our memory.
  void Push(Message message) {
    base::MutexLock lock(&mutex_);
    if (end_.has_value()) return;
    const size_t bytes = message.ByteSizeLong();
    if (queue_.size() >= limits_.max_messages || queued_bytes_ + bytes > limits_.max_bytes) {
      end_ = absl::ResourceExhaustedError(
          absl::StrFormat("the peer does not read: %u messages of %u bytes wait for it",
                          queue_.size(), queued_bytes_));
      DropQueue();
      overflow_ = true;
      return;
    }
    queued_bytes_ += bytes;
    queue_.push_back(std::move(message));
  }

  // Ends the stream with `status`, after the messages that wait or instead of them. The first end
  // counts.
  void Close(absl::Status status, Pending pending) {
    base::MutexLock lock(&mutex_);
    if (pending == Pending::kDrop) DropQueue();
    if (!end_.has_value()) end_ = std::move(status);
  }

  Step Next() {
    base::MutexLock lock(&mutex_);
    if (finished_ || cancelling_) return {};
    if (writing_.has_value()) {
      if (!std::exchange(overflow_, false)) return {};
      cancelling_ = true;
      return {.kind = Kind::kCancel, .message = nullptr, .status = {}};
    }
    if (!queue_.empty()) {
      writing_ = std::move(queue_.front());
      queue_.pop_front();
      return {.kind = Kind::kWrite, .message = &*writing_, .status = {}};
    }
    if (!end_.has_value()) return {};
    finished_ = true;
    return {.kind = Kind::kFinish, .message = nullptr, .status = *end_};
  }

  // `ok` false: the stream is broken, nothing more can be sent.
  void WriteDone(bool ok) {
    base::MutexLock lock(&mutex_);
    queued_bytes_ -= writing_->ByteSizeLong();
    writing_.reset();
    if (!ok) DropQueue();
  }

  void CancelDone() {
    base::MutexLock lock(&mutex_);
    cancelling_ = false;
  }

 private:
  void DropQueue() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    queue_.clear();
    queued_bytes_ = writing_.has_value() ? writing_->ByteSizeLong() : 0;
  }

  const OutboxLimits limits_;
  base::Mutex mutex_;
  std::deque<Message> queue_ ABSL_GUARDED_BY(mutex_);
  size_t queued_bytes_ ABSL_GUARDED_BY(mutex_) = 0;  // Of queue_ and writing_.
  std::optional<Message> writing_ ABSL_GUARDED_BY(mutex_);
  std::optional<absl::Status> end_ ABSL_GUARDED_BY(mutex_);
  bool overflow_ ABSL_GUARDED_BY(mutex_) = false;
  bool cancelling_ ABSL_GUARDED_BY(mutex_) = false;
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace tunefarm::tracker

#endif  // TUNEFARM_TRACKER_OUTBOX_H_
