// The crash-proof builders: long-lived worker processes that compile candidates. One that dies or
// exceeds its time is killed and replaced; its candidate ends as build_failed with the reason.
//
// Stands between the measurer and CandidateBuilder, which runs in the workers. A process holds one
// pool for all of its sessions.
#ifndef TUNEFARM_TUNER_MEASURE_BUILDER_POOL_H_
#define TUNEFARM_TUNER_MEASURE_BUILDER_POOL_H_

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/child_process.h"
#include "base/mutex.h"
#include "base/unique_fd.h"
#include "tunefarm/v1/build.pb.h"
#include "tuner/measure/build_server.h"
#include "tuner/measure/frame.h"

namespace tunefarm::tuner {

struct BuilderPoolOptions {
  // A worker: by default this very program, which must call RunAsBuildWorker first.
  std::string program = "/proc/self/exe";
  std::vector<std::string> args = {kBuildWorkerFlag};
  size_t num_workers = 0;  // 0: the cores this process may use less one, at least 1.
  absl::Duration build_timeout = absl::Seconds(20);  // Of one candidate; then its worker is killed.
};

// Thread-safe.
class BuilderPool {
 public:
  // Called once per request, on the pool's thread; must not block.
  using Done = std::function<void(v1::BuildReply)>;
  // Whether anyone still wants the result; asked on the pool's thread before a build starts. A
  // request that nobody wants is dropped without a reply.
  using Wanted = std::function<bool()>;

  // Starts the workers and does not wait for them. Errors: kInternal (no descriptors, no
  // processes).
  static absl::StatusOr<std::unique_ptr<BuilderPool>> Start(const BuilderPoolOptions& options);
  // Kills the workers; what is waiting or being built gets no reply.
  ~BuilderPool();

  // First come, first served. request.ticket is at least 1 and need not be unique.
  void Submit(v1::BuildRequest request, Done done, Wanted wanted = nullptr)
      ABSL_LOCKS_EXCLUDED(mutex_);

  size_t num_workers() const { return workers_.size(); }

 private:
  struct Job {
    v1::BuildRequest request;
    Done done;
    Wanted wanted;
  };
  struct Worker {
    std::optional<base::ChildProcess> process;  // None: to be started when there is work.
    base::UniqueFd socket;
    FrameReader reader;
    bool ready = false;  // Has said its first word.
    std::optional<Job> job;
    absl::Duration deadline;  // SteadyNow at which it is killed; with a job only.
  };

  BuilderPool(const BuilderPoolOptions& options, base::UniqueFd wake);

  void Run() ABSL_LOCKS_EXCLUDED(mutex_);
  // The functions below run on the pool's thread alone, as do all changes of workers_.
  absl::Status StartWorker(Worker* worker);
  bool GiveWork(Worker* worker) ABSL_LOCKS_EXCLUDED(mutex_);
  std::optional<Job> TakeJob() ABSL_LOCKS_EXCLUDED(mutex_);
  void WaitForEvents();
  void Receive(Worker* worker);
  void Lose(Worker* worker, const std::string& why);
  void Reply(Job job, v1::Outcome outcome, const std::string& error);

  const BuilderPoolOptions options_;
  const base::UniqueFd wake_;  // An eventfd: work or the end.
  std::vector<Worker> workers_;
  int failed_starts_ = 0;  // In a row, over all workers.

  base::Mutex mutex_;
  std::deque<Job> queue_ ABSL_GUARDED_BY(mutex_);
  bool stop_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace tunefarm::tuner

#endif  // TUNEFARM_TUNER_MEASURE_BUILDER_POOL_H_
