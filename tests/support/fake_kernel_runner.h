// A KernelRunner that does what a test tells it, without any process or kernel.
#ifndef TUNEFARM_TESTS_SUPPORT_FAKE_KERNEL_RUNNER_H_
#define TUNEFARM_TESTS_SUPPORT_FAKE_KERNEL_RUNNER_H_

#include <condition_variable>
#include <mutex>
#include <vector>

#include "device_agent/kernel_runner.h"

namespace tunefarm::testing {

// Answers each candidate with OUTCOME_OK; those with an id in `blocking` only after Release or when
// they are stopped. Thread-safe.
class FakeKernelRunner final : public device_agent::KernelRunner {
 public:
  explicit FakeKernelRunner(std::vector<uint64_t> blocking = {}) : blocking_(std::move(blocking)) {}

  absl::Status Run(const device_agent::MeasureRequest& request, std::stop_token stop,
                   const OnResult& on_result) override {
    const std::stop_callback wake(stop, [this] {
      std::lock_guard lock(mutex_);
      changed_.notify_all();
    });
    for (const v1::Candidate& candidate : request.candidates) {
      {
        std::unique_lock lock(mutex_);
        started_.push_back(candidate.candidate_id());
        changed_.notify_all();
        changed_.wait(lock, [&] {
          return stop.stop_requested() || released_ || !IsBlocking(candidate.candidate_id());
        });
      }
      if (stop.stop_requested()) return absl::CancelledError("stopped");
      v1::MeasureResult result;
      result.set_candidate_id(candidate.candidate_id());
      result.set_outcome(v1::OUTCOME_OK);
      on_result(std::move(result));
    }
    return absl::OkStatus();
  }

  // Waits until that candidate is being run.
  void AwaitStart(uint64_t candidate_id) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return Contains(started_, candidate_id); });
  }

  void Release() {
    std::lock_guard lock(mutex_);
    released_ = true;
    changed_.notify_all();
  }

 private:
  static bool Contains(const std::vector<uint64_t>& ids, uint64_t id) {
    for (const uint64_t each : ids) {
      if (each == id) return true;
    }
    return false;
  }
  bool IsBlocking(uint64_t id) const { return Contains(blocking_, id); }

  const std::vector<uint64_t> blocking_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<uint64_t> started_;
  bool released_ = false;
};

}  // namespace tunefarm::testing

#endif  // TUNEFARM_TESTS_SUPPORT_FAKE_KERNEL_RUNNER_H_
