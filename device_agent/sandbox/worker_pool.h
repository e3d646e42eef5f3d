// The threads a kernel is given: the `parallel_for` of proto/kernel_abi.h.
//
// Lives in the candidate's process. Workers are pinned to one core each; between loops they spin
// for a moment, as a deployed pool does, and then sleep. Items are handed out one by one, so uneven
// work balances itself.
#ifndef TUNEFARM_DEVICE_AGENT_SANDBOX_WORKER_POOL_H_
#define TUNEFARM_DEVICE_AGENT_SANDBOX_WORKER_POOL_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "proto/kernel_abi.h"

namespace tunefarm::device_agent {

// Runs loops for one calling thread, which is worker 0. Threads end with the pool.
class WorkerPool {
 public:
  // `cores[i]` is the core of worker i; the calling thread must already be on cores[0].
  // `on_start` runs first on each new thread; Start waits for all of them and returns the first
  // error.
  static absl::StatusOr<std::unique_ptr<WorkerPool>> Start(
      const std::vector<int>& cores, const std::function<absl::Status()>& on_start);
  ~WorkerPool();

  // What the kernel gets; valid as long as the pool.
  const tunefarm_parallel* parallel() const { return &parallel_; }

 private:
  struct Loop {
    tunefarm_parallel_body body = nullptr;
    void* closure = nullptr;
    int64_t num_items = 0;
  };

  explicit WorkerPool(int num_workers);
  static void Run(void* context, int64_t num_items, tunefarm_parallel_body body, void* closure);
  void WorkerMain(int32_t worker);
  void TakeItems(int32_t worker);

  tunefarm_parallel parallel_;
  std::vector<std::thread> threads_;
  Loop loop_;  // Written by worker 0 while the others wait.
  std::atomic<int64_t> next_item_ = 0;
  std::atomic<uint32_t> generation_ = 0;  // Grows by one for each loop.
  std::atomic<int32_t> num_busy_ = 0;     // Workers that have not finished the current loop.
  std::atomic<bool> stopping_ = false;
};

}  // namespace tunefarm::device_agent

#endif  // TUNEFARM_DEVICE_AGENT_SANDBOX_WORKER_POOL_H_
