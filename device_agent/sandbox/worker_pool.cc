#include "device_agent/sandbox/worker_pool.h"

#include "device_agent/device/cores.h"

namespace tunefarm::device_agent {
namespace {

// About 50 us: longer than the gap between two loops of one kernel, shorter than anybody's
// patience.
constexpr int kSpins = 2000;

void Pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__) || defined(__arm__)
  asm volatile("yield");
#endif
}

// Waits until `value` is no longer `old`.
template <typename T>
void AwaitChange(const std::atomic<T>& value, T old) {
  for (int i = 0; i < kSpins; ++i) {
    if (value.load(std::memory_order_acquire) != old) return;
    Pause();
  }
  value.wait(old, std::memory_order_acquire);
}

}  // namespace

WorkerPool::WorkerPool(int num_workers)
    : parallel_{.run = &WorkerPool::Run, .context = this, .num_workers = num_workers} {}

absl::StatusOr<std::unique_ptr<WorkerPool>> WorkerPool::Start(
    const std::vector<int>& cores, const std::function<absl::Status()>& on_start) {
  std::unique_ptr<WorkerPool> pool(new WorkerPool(static_cast<int>(cores.size())));
  std::vector<absl::Status> started(cores.size());
  pool->num_busy_ = static_cast<int32_t>(cores.size()) - 1;
  for (size_t i = 1; i < cores.size(); ++i) {
    pool->threads_.emplace_back([&pool = *pool, &started, &on_start, core = cores[i], i] {
      started[i] = PinToCore(core);
      if (started[i].ok()) started[i] = on_start();
      pool.num_busy_.fetch_sub(1, std::memory_order_acq_rel);
      pool.num_busy_.notify_one();
      pool.WorkerMain(static_cast<int32_t>(i));
    });
  }
  for (int32_t busy; (busy = pool->num_busy_.load(std::memory_order_acquire)) != 0;) {
    pool->num_busy_.wait(busy);
  }
  for (const absl::Status& status : started) {
    if (!status.ok()) return status;
  }
  return pool;
}

WorkerPool::~WorkerPool() {
  stopping_.store(true, std::memory_order_release);
  generation_.fetch_add(1, std::memory_order_acq_rel);
  generation_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void WorkerPool::Run(void* context, int64_t num_items, tunefarm_parallel_body body, void* closure) {
  auto* pool = static_cast<WorkerPool*>(context);
  pool->loop_ = {.body = body, .closure = closure, .num_items = num_items};
  pool->next_item_.store(0, std::memory_order_relaxed);
  pool->num_busy_.store(static_cast<int32_t>(pool->threads_.size()), std::memory_order_relaxed);
  pool->generation_.fetch_add(1, std::memory_order_acq_rel);
  pool->generation_.notify_all();
  pool->TakeItems(0);
  for (int32_t busy; (busy = pool->num_busy_.load(std::memory_order_acquire)) != 0;) {
    AwaitChange(pool->num_busy_, busy);
  }
}

void WorkerPool::WorkerMain(int32_t worker) {
  uint32_t seen = 0;
  while (true) {
    AwaitChange(generation_, seen);
    ++seen;
    if (stopping_.load(std::memory_order_acquire)) return;
    TakeItems(worker);
    num_busy_.fetch_sub(1, std::memory_order_acq_rel);
    num_busy_.notify_one();
  }
}

void WorkerPool::TakeItems(int32_t worker) {
  for (int64_t item;
       (item = next_item_.fetch_add(1, std::memory_order_relaxed)) < loop_.num_items;) {
    loop_.body(loop_.closure, item, worker);
  }
}

}  // namespace tunefarm::device_agent
