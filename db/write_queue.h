// The one thread that writes a tuning log, and the queue before it. Internal to db.
//
// Queued writes are committed in batches: together, a short while after the first of a batch came.
// A write that the disk refuses (full, I/O error, locked) stays queued, in order, and is tried
// again with the next write, the next Flush, and once a second: what was accepted is not dropped
// while the process lives. Immediate writes are committed when the call returns, after all that was
// queued before them.
#ifndef TUNEFARM_DB_WRITE_QUEUE_H_
#define TUNEFARM_DB_WRITE_QUEUE_H_

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <unordered_set>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "base/mutex.h"
#include "db/sqlite.h"

namespace tunefarm::db {

using WriteFunction = std::function<absl::Status(Connection&)>;

struct QueuedWrite {
  std::string what;                // For messages: "trial 17".
  std::vector<std::string> names;  // What it creates: Holds() knows them while the write is queued.
  WriteFunction apply;  // Runs inside a transaction, perhaps several times: must keep no state.
};

// Thread-safe.
class WriteQueue {
 public:
  struct Options {
    absl::Duration batch_delay;  // A write waits at most this long for company.
    size_t max_batch_writes;     // Writes in one transaction.
    size_t max_queued_writes;  // At this many Enqueue waits or, while the disk takes none, refuses.
  };

  // The connection is used by the writer's thread alone from here on.
  WriteQueue(std::unique_ptr<Connection> connection, const Options& options);
  WriteQueue(const WriteQueue&) = delete;
  WriteQueue& operator=(const WriteQueue&) = delete;
  // Tries once more to commit what is queued. What cannot be written then is lost, and logged.
  ~WriteQueue();

  // Does not wait for the disk unless the queue is full. RESOURCE_EXHAUSTED where it is full and
  // the disk takes nothing.
  absl::Status Enqueue(QueuedWrite write);

  // True while a queued write that creates `name` is not committed. What was committed before a
  // call that returns false is visible to every connection.
  bool Holds(const std::string& name) const;

  // Waits until all that was queued before the call is committed, or until it is known that it
  // cannot be now: that error, with everything still queued. INTERNAL, once, where the log's
  // constraints refused a write for good: our own mistake; that write was dropped.
  absl::Status Flush();

  // Waits as Flush does, and leaves the note on refused writes to it.
  absl::Status Settle();

  // Settles, then runs `apply` in a transaction of its own. On error nothing of it is kept.
  absl::Status Run(WriteFunction apply);

 private:
  struct Request {
    WriteFunction apply;        // Null: nothing beyond the draining.
    bool take_refused = false;  // The result is the note on refused writes.
    absl::Status result;
    bool done = false;
  };

  absl::Status Submit(Request request);
  void ThreadMain();
  // Waits for work and takes the requests; false: there is to be no next time.
  bool AwaitWork(std::vector<Request*>* requests);
  absl::Status Serve(const Request& request);

  bool HasRoomOrTrouble() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  // Commits what is queued at the time of the call, oldest first, until a batch fails.
  absl::Status Drain();
  size_t num_queued() const;
  std::vector<const QueuedWrite*> Front(size_t num_writes) const;
  // Sets `num_applied` to the writes that went well: on an error of `apply`, the index of the
  // culprit.
  absl::Status Commit(const std::vector<const QueuedWrite*>& batch, size_t* num_applied);
  void RemoveFront(size_t num_writes);
  void DropRefused(size_t index, const absl::Status& why);
  void NoteDrained(const absl::Status& status);

  const Options options_;
  const std::unique_ptr<Connection> connection_;  // The writer's thread only.

  mutable base::Mutex mutex_;
  base::CondVar progress_;  // A request is done, or there is room in the queue, or trouble.
  base::CondVar work_;      // One of the three below changed for the writer's thread.
  std::vector<Request*> requests_ ABSL_GUARDED_BY(mutex_);
  absl::Duration due_ ABSL_GUARDED_BY(mutex_) = absl::InfiniteDuration();  // Of the next Drain.
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;

  // Any thread adds at the back, the writer's alone removes: elements it points to stay where they
  // are.
  std::deque<QueuedWrite> queue_ ABSL_GUARDED_BY(mutex_);
  std::unordered_set<std::string> held_names_ ABSL_GUARDED_BY(mutex_);
  bool in_trouble_ ABSL_GUARDED_BY(mutex_) = false;  // The last Drain failed.
  absl::Status refused_ ABSL_GUARDED_BY(mutex_);  // The first write dropped since the last Flush.

  std::thread thread_;  // Last: starts when all else stands.
};

}  // namespace tunefarm::db

#endif  // TUNEFARM_DB_WRITE_QUEUE_H_
