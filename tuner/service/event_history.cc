#include "tuner/service/event_history.h"

#include <algorithm>
#include <utility>

#include "base/clock.h"

namespace tunefarm::tuner {
namespace {

// The standard library's clocks overflow at an infinite wait.
constexpr absl::Duration kLongestWait = absl::Hours(1);

}  // namespace

void EventHistory::Append(std::string json, bool last) {
  base::MutexLock lock(&mutex_);
  if (closed_) return;
  events_.push_back({next_number_++, std::move(json), last});
  if (events_.size() > max_events_ + 1) events_.erase(events_.begin() + 1);
  closed_ = last;
  changed_.NotifyAll();
}

void EventHistory::Close() {
  base::MutexLock lock(&mutex_);
  closed_ = true;
  changed_.NotifyAll();
}

std::optional<EventHistory::Event> EventHistory::Next(uint64_t from, absl::Duration timeout) const {
  const absl::Duration deadline = base::RealClock().SteadyNow() + timeout;
  base::MutexLock lock(&mutex_);
  while (!closed_ && next_number_ <= from) {
    const absl::Duration left = deadline - base::RealClock().SteadyNow();
    if (left <= absl::ZeroDuration()) return std::nullopt;
    changed_.WaitFor(&mutex_, std::min(left, kLongestWait));
  }
  const auto it =
      std::lower_bound(events_.begin(), events_.end(), from,
                       [](const Event& event, uint64_t number) { return event.number < number; });
  if (it == events_.end()) return std::nullopt;
  return *it;
}

bool EventHistory::is_closed() const {
  base::MutexLock lock(&mutex_);
  return closed_;
}

}  // namespace tunefarm::tuner
