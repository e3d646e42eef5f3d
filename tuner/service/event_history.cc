#include "tuner/service/event_history.h"

#include <algorithm>
#include <utility>

namespace tunefarm::tuner {

void EventHistory::Append(std::string json, bool last) {
  absl::MutexLock lock(&mutex_);
  if (closed_) return;
  events_.push_back({next_number_++, std::move(json), last});
  if (events_.size() > max_events_ + 1) events_.erase(events_.begin() + 1);
  closed_ = last;
}

void EventHistory::Close() {
  absl::MutexLock lock(&mutex_);
  closed_ = true;
}

std::optional<EventHistory::Event> EventHistory::Next(uint64_t from, absl::Duration timeout) const {
  absl::MutexLock lock(&mutex_);
  const auto has_news = [this, from]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
    return closed_ || next_number_ > from;
  };
  mutex_.AwaitWithTimeout(absl::Condition(&has_news), timeout);
  const auto it =
      std::lower_bound(events_.begin(), events_.end(), from,
                       [](const Event& event, uint64_t number) { return event.number < number; });
  if (it == events_.end()) return std::nullopt;
  return *it;
}

bool EventHistory::is_closed() const {
  absl::MutexLock lock(&mutex_);
  return closed_;
}

}  // namespace tunefarm::tuner
