#include "db/write_queue.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_format.h"
#include "base/clock.h"
#include "base/status.h"
#include "spdlog/spdlog.h"

namespace tunefarm::db {
namespace {

constexpr absl::Duration kRetryDelay = absl::Seconds(1);
// Deadlines beyond what the system's clock can count must not overflow it; waking up costs nothing.
constexpr absl::Duration kLongestWait = absl::Hours(1);

absl::Duration SteadyNow() { return base::RealClock().SteadyNow(); }

// A constraint of the schema, or a row that is missing, said no: trying again cannot help. Any
// other error is the disk's or another program's doing and may pass.
bool IsRefusal(const absl::Status& status) {
  return absl::IsAlreadyExists(status) || absl::IsFailedPrecondition(status) ||
         absl::IsNotFound(status);
}

}  // namespace

WriteQueue::WriteQueue(std::unique_ptr<Connection> connection, const Options& options)
    : options_(options), connection_(std::move(connection)), thread_([this] { ThreadMain(); }) {}

WriteQueue::~WriteQueue() {
  {
    base::MutexLock lock(&mutex_);
    stopping_ = true;
    work_.NotifyAll();
  }
  thread_.join();
  base::MutexLock lock(&mutex_);
  if (!queue_.empty()) {
    spdlog::error("{}: closed with {} writes that the disk did not take: they are lost",
                  connection_->path(), queue_.size());
  }
}

absl::Status WriteQueue::Enqueue(QueuedWrite write) {
  base::MutexLock lock(&mutex_);
  while (!HasRoomOrTrouble()) progress_.Wait(&mutex_);
  if (queue_.size() >= options_.max_queued_writes) {
    return absl::ResourceExhaustedError(
        absl::StrFormat("%s: %s refused: %d writes wait for a disk that takes none",
                        connection_->path(), write.what, queue_.size()));
  }
  held_names_.insert(write.names.begin(), write.names.end());
  queue_.push_back(std::move(write));
  const bool full_batch = queue_.size() % options_.max_batch_writes == 0;
  due_ = std::min(due_, full_batch ? SteadyNow() : SteadyNow() + options_.batch_delay);
  work_.NotifyAll();
  return absl::OkStatus();
}

bool WriteQueue::HasRoomOrTrouble() const {
  return in_trouble_ || queue_.size() < options_.max_queued_writes;
}

bool WriteQueue::Holds(const std::string& name) const {
  base::MutexLock lock(&mutex_);
  return held_names_.count(name) != 0;
}

absl::Status WriteQueue::Flush() {
  Request request;
  request.take_refused = true;
  return Submit(std::move(request));
}

absl::Status WriteQueue::Settle() { return Submit(Request()); }

absl::Status WriteQueue::Run(WriteFunction apply) {
  Request request;
  request.apply = std::move(apply);
  return Submit(std::move(request));
}

absl::Status WriteQueue::Submit(Request request) {
  base::MutexLock lock(&mutex_);
  requests_.push_back(&request);
  work_.NotifyAll();
  while (!request.done) progress_.Wait(&mutex_);
  return std::move(request.result);
}

void WriteQueue::ThreadMain() {
  bool more = true;
  while (more) {
    std::vector<Request*> requests;
    more = AwaitWork(&requests);
    const absl::Status drained = Drain();
    NoteDrained(drained);
    for (Request* request : requests) {
      // Each caller gets an error of its own: copies share a counter, whose use in absl's library
      // ThreadSanitizer does not see.
      absl::Status result =
          drained.ok() ? Serve(*request) : absl::Status(drained.code(), drained.message());
      base::MutexLock lock(&mutex_);
      request->result = std::move(result);
      request->done = true;
      progress_.NotifyAll();
    }
  }
}

bool WriteQueue::AwaitWork(std::vector<Request*>* requests) {
  base::MutexLock lock(&mutex_);
  while (!stopping_ && requests_.empty()) {
    const absl::Duration wait = due_ - SteadyNow();
    if (wait <= absl::ZeroDuration()) break;
    work_.WaitFor(&mutex_, std::min(wait, kLongestWait));
  }
  requests->swap(requests_);
  due_ = absl::InfiniteDuration();
  return !stopping_;
}

absl::Status WriteQueue::Serve(const Request& request) {
  if (request.take_refused) {
    base::MutexLock lock(&mutex_);
    return std::exchange(refused_, absl::OkStatus());
  }
  if (!request.apply) return absl::OkStatus();
  TUNEFARM_ASSIGN_OR_RETURN(Transaction transaction, Transaction::Begin(*connection_));
  TUNEFARM_RETURN_IF_ERROR(request.apply(*connection_));
  return transaction.Commit();
}

absl::Status WriteQueue::Drain() {
  size_t num_left = num_queued();
  while (num_left > 0) {
    const std::vector<const QueuedWrite*> batch =
        Front(std::min(num_left, options_.max_batch_writes));
    size_t num_applied = 0;
    const absl::Status status = Commit(batch, &num_applied);
    if (status.ok()) {
      RemoveFront(batch.size());
      num_left -= batch.size();
    } else if (IsRefusal(status) && num_applied < batch.size()) {
      DropRefused(num_applied, status);  // The rest of the batch was rolled back and comes again.
      --num_left;
    } else {
      return status;
    }
  }
  return absl::OkStatus();
}

size_t WriteQueue::num_queued() const {
  base::MutexLock lock(&mutex_);
  return queue_.size();
}

std::vector<const QueuedWrite*> WriteQueue::Front(size_t num_writes) const {
  base::MutexLock lock(&mutex_);
  std::vector<const QueuedWrite*> batch(num_writes);
  for (size_t i = 0; i < num_writes; ++i) batch[i] = &queue_[i];
  return batch;
}

absl::Status WriteQueue::Commit(const std::vector<const QueuedWrite*>& batch, size_t* num_applied) {
  TUNEFARM_ASSIGN_OR_RETURN(Transaction transaction, Transaction::Begin(*connection_));
  for (const QueuedWrite* write : batch) {
    TUNEFARM_RETURN_IF_ERROR(write->apply(*connection_));
    ++*num_applied;
  }
  return transaction.Commit();
}

void WriteQueue::RemoveFront(size_t num_writes) {
  base::MutexLock lock(&mutex_);
  for (size_t i = 0; i < num_writes; ++i) {
    for (const std::string& name : queue_.front().names) held_names_.erase(name);
    queue_.pop_front();
  }
  progress_.NotifyAll();
}

void WriteQueue::DropRefused(size_t index, const absl::Status& why) {
  base::MutexLock lock(&mutex_);
  const QueuedWrite& write = queue_[index];
  const std::string text =
      absl::StrFormat("%s was refused by the log: %s", write.what, why.message());
  spdlog::error("{}", text);
  if (refused_.ok()) refused_ = absl::InternalError(text);
  for (const std::string& name : write.names) held_names_.erase(name);
  queue_.erase(queue_.begin() + static_cast<std::ptrdiff_t>(index));
}

void WriteQueue::NoteDrained(const absl::Status& status) {
  base::MutexLock lock(&mutex_);
  if (!status.ok()) due_ = std::min(due_, SteadyNow() + kRetryDelay);
  if (status.ok() == !in_trouble_) return;
  in_trouble_ = !status.ok();
  progress_.NotifyAll();
  if (in_trouble_) {
    spdlog::warn("{}; {} writes wait in memory and are tried again", std::string(status.message()),
                 queue_.size());
  } else {
    spdlog::warn("{}: everything that waited is written", connection_->path());
  }
}

}  // namespace tunefarm::db
