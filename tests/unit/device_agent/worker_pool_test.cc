#include "device_agent/sandbox/worker_pool.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include "device_agent/device/cores.h"
#include "gtest/gtest.h"

namespace tunefarm::device_agent {
namespace {

absl::Status Nothing() { return absl::OkStatus(); }

// Three workers, on one core where there are no more.
std::unique_ptr<WorkerPool> ThreeWorkers() {
  const std::vector<int> allowed = AllowedCores();
  std::vector<int> cores;
  for (size_t i = 0; i < 3; ++i) cores.push_back(allowed[i % allowed.size()]);
  return *WorkerPool::Start(cores, Nothing);
}

void CountItem(void* closure, int64_t item, int32_t) {
  (*static_cast<std::vector<std::atomic<int>>*>(closure))[static_cast<size_t>(item)]++;
}

TEST(WorkerPoolTest, EveryItemRunsOnceInEveryLoop) {
  const std::unique_ptr<WorkerPool> pool = ThreeWorkers();
  const tunefarm_parallel* parallel = pool->parallel();
  EXPECT_EQ(parallel->num_workers, 3);
  for (const int64_t num_items : {0, 1, 2, 1000}) {
    for (int round = 0; round < 50; ++round) {
      std::vector<std::atomic<int>> counts(static_cast<size_t>(num_items));
      parallel->run(parallel->context, num_items, CountItem, &counts);
      for (const std::atomic<int>& count : counts) ASSERT_EQ(count.load(), 1);
    }
  }
}

struct Seen {
  std::mutex mutex;
  std::set<int32_t> busy;
  bool shared = false;
  bool out_of_range = false;
};

void HoldWorker(void* closure, int64_t, int32_t worker) {
  Seen& seen = *static_cast<Seen*>(closure);
  {
    std::lock_guard lock(seen.mutex);
    if (!seen.busy.insert(worker).second) seen.shared = true;
    if (worker < 0 || worker >= 3) seen.out_of_range = true;
  }
  std::this_thread::yield();
  std::lock_guard lock(seen.mutex);
  seen.busy.erase(worker);
}

TEST(WorkerPoolTest, NoTwoItemsHoldTheSameWorkerAtOnce) {
  const std::unique_ptr<WorkerPool> pool = ThreeWorkers();
  Seen seen;
  pool->parallel()->run(pool->parallel()->context, 2000, HoldWorker, &seen);
  EXPECT_FALSE(seen.shared);
  EXPECT_FALSE(seen.out_of_range);
}

TEST(WorkerPoolTest, FailureOfAWorkersStartIsReported) {
  const int core = AllowedCores().front();
  const auto fail = [] { return absl::InternalError("no stack"); };
  EXPECT_EQ(WorkerPool::Start({core, core}, fail).status().message(), "no stack");
  EXPECT_FALSE(WorkerPool::Start({core, 100000}, Nothing).ok());
}

}  // namespace
}  // namespace tunefarm::device_agent
