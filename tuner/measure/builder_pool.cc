#include "tuner/measure/builder_pool.h"

#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_format.h"
#include "base/clock.h"
#include "base/status.h"

namespace tunefarm::tuner {
namespace {

// So many workers in a row that die before their first word: the next will too.
constexpr int kMaxFailedStarts = 3;

absl::Duration Now() { return base::RealClock().SteadyNow(); }

size_t DefaultWorkers() {
  cpu_set_t cores;
  CPU_ZERO(&cores);
  if (sched_getaffinity(0, sizeof(cores), &cores) != 0) return 1;
  return static_cast<size_t>(std::max(CPU_COUNT(&cores) - 1, 1));
}

absl::Status Errno(const char* what) {
  return absl::InternalError(absl::StrFormat("builders: %s: %s", what, strerror(errno)));
}

}  // namespace

absl::StatusOr<std::unique_ptr<BuilderPool>> BuilderPool::Start(const BuilderPoolOptions& options) {
  base::UniqueFd wake(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake.valid()) return Errno("eventfd");
  std::unique_ptr<BuilderPool> pool(new BuilderPool(options, std::move(wake)));
  for (Worker& worker : pool->workers_) TUNEFARM_RETURN_IF_ERROR(pool->StartWorker(&worker));
  pool->thread_ = std::thread([raw = pool.get()] { raw->Run(); });
  return pool;
}

BuilderPool::BuilderPool(const BuilderPoolOptions& options, base::UniqueFd wake)
    : options_(options),
      wake_(std::move(wake)),
      workers_(options.num_workers > 0 ? options.num_workers : DefaultWorkers()) {}

BuilderPool::~BuilderPool() {
  {
    base::MutexLock lock(&mutex_);
    stop_ = true;
  }
  eventfd_write(wake_.get(), 1);
  if (thread_.joinable()) thread_.join();
}

void BuilderPool::Submit(v1::BuildRequest request, Done done, Wanted wanted) {
  {
    base::MutexLock lock(&mutex_);
    queue_.push_back({std::move(request), std::move(done), std::move(wanted)});
  }
  eventfd_write(wake_.get(), 1);
}

void BuilderPool::Run() {
  const auto stopped = [this] {
    base::MutexLock lock(&mutex_);
    return stop_;
  };
  while (!stopped()) {
    for (Worker& worker : workers_) {
      while (!worker.job && GiveWork(&worker)) {
      }
    }
    WaitForEvents();
    for (Worker& worker : workers_) {
      if (worker.job && Now() >= worker.deadline) {
        Lose(&worker, absl::StrFormat("builder exceeded its limit of %s",
                                      absl::FormatDuration(options_.build_timeout)));
      }
    }
  }
}

absl::Status BuilderPool::StartWorker(Worker* worker) {
  std::array<int, 2> ends;
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    return Errno("socketpair");
  }
  base::UniqueFd ours(ends[0]);
  const base::UniqueFd theirs(ends[1]);
  base::ChildSpec spec;
  spec.program = options_.program;
  spec.args = options_.args;
  spec.extra_fd = theirs.get();
  TUNEFARM_ASSIGN_OR_RETURN(base::ChildProcess process, base::ChildProcess::Spawn(spec));
  *worker = Worker();
  worker->process = std::move(process);
  worker->socket = std::move(ours);
  return absl::OkStatus();
}

std::optional<BuilderPool::Job> BuilderPool::TakeJob() {
  while (true) {
    std::optional<Job> job;
    {
      base::MutexLock lock(&mutex_);
      if (queue_.empty()) return std::nullopt;
      job = std::move(queue_.front());
      queue_.pop_front();
    }
    // Outside the lock: the caller's function may take locks of its own.
    if (!job->wanted || job->wanted()) return job;
  }
}

// Returns whether a job was taken; the worker may have failed it at once.
bool BuilderPool::GiveWork(Worker* worker) {
  std::optional<Job> job = TakeJob();
  if (!job) return false;
  if (!worker->process) {
    if (const absl::Status status = StartWorker(worker); !status.ok()) {
      Reply(std::move(*job), v1::OUTCOME_DEVICE_LOST, base::OneLine(status));
      return true;
    }
  }
  worker->job = std::move(*job);
  worker->deadline = Now() + options_.build_timeout;
  const absl::Status sent = WriteFrame(worker->socket.get(), worker->job->request);
  if (!sent.ok()) Lose(worker, "");
  return true;
}

void BuilderPool::WaitForEvents() {
  std::vector<pollfd> polled = {{wake_.get(), POLLIN, 0}};
  std::vector<Worker*> owners = {nullptr};
  absl::Duration nearest = absl::InfiniteDuration();
  for (Worker& worker : workers_) {
    if (!worker.process) continue;
    polled.push_back({worker.socket.get(), POLLIN, 0});
    owners.push_back(&worker);
    if (worker.job) nearest = std::min(nearest, worker.deadline);
  }
  int timeout_ms = -1;
  if (nearest != absl::InfiniteDuration()) {
    const absl::Duration left = std::max(nearest - Now(), absl::ZeroDuration());
    timeout_ms = static_cast<int>(absl::ToInt64Milliseconds(left)) + 1;
  }
  if (poll(polled.data(), polled.size(), timeout_ms) <= 0) return;
  if (polled[0].revents != 0) {
    eventfd_t count = 0;
    eventfd_read(wake_.get(), &count);
  }
  for (size_t i = 1; i < polled.size(); ++i) {
    if (polled[i].revents != 0) Receive(owners[i]);
  }
}

void BuilderPool::Receive(Worker* worker) {
  const absl::Status read = worker->reader.ReadAvailable(worker->socket.get());
  if (!read.ok()) return Lose(worker, "");
  while (true) {
    v1::BuildReply reply;
    const absl::StatusOr<bool> complete = worker->reader.Next(&reply);
    if (!complete.ok()) return Lose(worker, base::OneLine(complete.status()));
    if (!*complete) return;
    worker->ready = true;
    failed_starts_ = 0;
    if (reply.ticket() == 0 || !worker->job) continue;
    const Job job = std::move(*worker->job);
    worker->job.reset();
    job.done(std::move(reply));
  }
}

// `why` is empty where the worker's own end tells it.
void BuilderPool::Lose(Worker* worker, const std::string& why) {
  worker->socket.Close();
  // One that is dying on its own account keeps its own signal: that is settled before its socket
  // closes.
  worker->process->Signal(SIGKILL);
  const std::string ended = worker->process->Wait();
  const std::string words = worker->process->LastWords();
  const bool started = worker->ready;
  std::optional<Job> job = std::move(worker->job);
  *worker = Worker();
  const std::string said = words.empty() ? "" : absl::StrFormat(": %s", words);
  if (!started && ++failed_starts_ < kMaxFailedStarts) {
    if (!job) return;
    base::MutexLock lock(&mutex_);
    queue_.push_front(std::move(*job));
    return;
  }
  if (!job) return;
  if (!started) {
    Reply(std::move(*job), v1::OUTCOME_DEVICE_LOST,
          absl::StrFormat("builder %s does not start: %s%s", options_.program, ended, said));
  } else if (!why.empty()) {
    Reply(std::move(*job), v1::OUTCOME_BUILD_FAILED, why + said);
  } else {
    Reply(std::move(*job), v1::OUTCOME_BUILD_FAILED,
          absl::StrFormat("builder ended by %s%s", ended, said));
  }
}

void BuilderPool::Reply(Job job, v1::Outcome outcome, const std::string& error) {
  v1::BuildReply reply;
  reply.set_ticket(job.request.ticket());
  reply.set_outcome(outcome);
  reply.set_phase("build");
  reply.set_error(error);
  job.done(std::move(reply));
}

}  // namespace tunefarm::tuner
