// Which task of the daemon runs next. Pure: no threads, no log, no clock; TaskRunner stands around
// it.
//
// One task per target runs at a time, the others of that target wait in the order in which they
// came: two sessions on one device would only disturb each other's timings.
#ifndef TUNEFARM_TUNER_SERVICE_TASK_QUEUE_H_
#define TUNEFARM_TUNER_SERVICE_TASK_QUEUE_H_

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>

namespace tunefarm::tuner {

class TaskQueue {
 public:
  // Puts a task at the end. `task_id` is new to the queue.
  void Add(int64_t task_id, const std::string& target);

  // Whether TakeNext would give a task.
  bool HasNext() const { return FindNext() != waiting_.end(); }

  // Takes the task that has waited longest among those whose target is free; nullopt: none. It runs
  // until Finish.
  std::optional<int64_t> TakeNext();

  // Takes a waiting task out. False: it does not wait here.
  bool Remove(int64_t task_id);

  // Ends a running task; its target is free.
  void Finish(int64_t task_id);

 private:
  std::map<int64_t, std::string>::const_iterator FindNext() const;

  // Task ids grow with time, so the order of the map is the order of arrival.
  std::map<int64_t, std::string> waiting_;  // Task -> target.
  std::map<int64_t, std::string> running_;
  std::set<std::string> busy_targets_;
};

}  // namespace tunefarm::tuner

#endif  // TUNEFARM_TUNER_SERVICE_TASK_QUEUE_H_
