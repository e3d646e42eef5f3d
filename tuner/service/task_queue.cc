#include "tuner/service/task_queue.h"

#include <algorithm>
#include <utility>

namespace tunefarm::tuner {

void TaskQueue::Add(int64_t task_id, const std::string& target) {
  waiting_.emplace(task_id, target);
}

std::map<int64_t, std::string>::const_iterator TaskQueue::FindNext() const {
  return std::find_if(waiting_.begin(), waiting_.end(),
                      [this](const auto& task) { return busy_targets_.count(task.second) == 0; });
}

std::optional<int64_t> TaskQueue::TakeNext() {
  const auto it = FindNext();
  if (it == waiting_.end()) return std::nullopt;
  const int64_t task_id = it->first;
  busy_targets_.insert(it->second);
  running_.insert(waiting_.extract(it));
  return task_id;
}

bool TaskQueue::Remove(int64_t task_id) { return waiting_.erase(task_id) > 0; }

void TaskQueue::Finish(int64_t task_id) {
  const auto it = running_.find(task_id);
  if (it == running_.end()) return;
  busy_targets_.erase(it->second);
  running_.erase(it);
}

}  // namespace tunefarm::tuner
