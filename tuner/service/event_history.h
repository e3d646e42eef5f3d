// The events of one open task, as lines of JSON: sessions append, watchers read at their own pace,
// from the first event or from wherever they are. Bounded, so that a task of a million trials does
// not fill the memory.
#ifndef TUNEFARM_TUNER_SERVICE_EVENT_HISTORY_H_
#define TUNEFARM_TUNER_SERVICE_EVENT_HISTORY_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "base/mutex.h"

namespace tunefarm::tuner {

// Thread-safe.
class EventHistory {
 public:
  struct Event {
    uint64_t number = 0;  // From 0, in order of appending.
    std::string json;
    bool last = false;  // Nothing follows.
  };

  // Keeps the first event, which names the task, and the newest `max_events` of the others.
  explicit EventHistory(size_t max_events = 4096) : max_events_(max_events) {}

  // Ignored after an event that was the last, and after Close.
  void Append(std::string json, bool last) ABSL_LOCKS_EXCLUDED(mutex_);
  // Nothing more will come here, though the task has not ended (the daemon is drained).
  void Close() ABSL_LOCKS_EXCLUDED(mutex_);

  // The first event kept whose number is at least `from`; waits for one at most `timeout`. nullopt:
  // none came, or none can come any more (see is_closed).
  std::optional<Event> Next(uint64_t from, absl::Duration timeout) const
      ABSL_LOCKS_EXCLUDED(mutex_);
  bool is_closed() const ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  const size_t max_events_;
  mutable base::Mutex mutex_;
  mutable base::CondVar changed_;
  std::deque<Event> events_ ABSL_GUARDED_BY(mutex_);
  uint64_t next_number_ ABSL_GUARDED_BY(mutex_) = 0;
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace tunefarm::tuner

#endif  // TUNEFARM_TUNER_SERVICE_EVENT_HISTORY_H_
