// A thread that runs functions one after the other. Components that are called back from many
// threads (builders, gRPC) post their events here, so that their state belongs to one thread.
#ifndef TUNEFARM_TUNER_MEASURE_SERIAL_QUEUE_H_
#define TUNEFARM_TUNER_MEASURE_SERIAL_QUEUE_H_

#include <deque>
#include <functional>
#include <memory>
#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "base/mutex.h"

namespace tunefarm::tuner {

class SerialQueue {
 private:
  class Inbox;

 public:
  // Posts to a queue that may be gone already: then the function is dropped. Copyable, thread-safe.
  class Poster {
   public:
    void Post(std::function<void()> function) const { inbox_->Post(std::move(function)); }

   private:
    friend class SerialQueue;
    explicit Poster(std::shared_ptr<Inbox> inbox) : inbox_(std::move(inbox)) {}
    std::shared_ptr<Inbox> inbox_;
  };

  SerialQueue() : inbox_(std::make_shared<Inbox>()), thread_([inbox = inbox_] { inbox->Run(); }) {}
  // Drops what has not begun and waits for what has. Not to be called from a posted function.
  ~SerialQueue() {
    inbox_->Close();
    thread_.join();
  }

  void Post(std::function<void()> function) { inbox_->Post(std::move(function)); }
  Poster poster() const { return Poster(inbox_); }

 private:
  class Inbox {
   public:
    void Post(std::function<void()> function) ABSL_LOCKS_EXCLUDED(mutex_) {
      base::MutexLock lock(&mutex_);
      if (!closed_) functions_.push_back(std::move(function));
      news_.NotifyAll();
    }
    void Close() ABSL_LOCKS_EXCLUDED(mutex_) {
      std::deque<std::function<void()>> dropped;  // Destroyed after the lock is released.
      base::MutexLock lock(&mutex_);
      closed_ = true;
      dropped.swap(functions_);
      news_.NotifyAll();
    }
    void Run() ABSL_LOCKS_EXCLUDED(mutex_) {
      while (true) {
        std::function<void()> function;
        {
          base::MutexLock lock(&mutex_);
          while (!closed_ && functions_.empty()) news_.Wait(&mutex_);
          if (closed_) return;
          function = std::move(functions_.front());
          functions_.pop_front();
        }
        function();
      }
    }

   private:
    base::Mutex mutex_;
    base::CondVar news_;
    std::deque<std::function<void()>> functions_ ABSL_GUARDED_BY(mutex_);
    bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  };

  const std::shared_ptr<Inbox> inbox_;
  std::thread thread_;
};

}  // namespace tunefarm::tuner

#endif  // TUNEFARM_TUNER_MEASURE_SERIAL_QUEUE_H_
