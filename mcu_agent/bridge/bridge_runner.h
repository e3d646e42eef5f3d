// Runs kernels on a board without an OS: a KernelRunner, so that the agent loop is the same as a
// Linux board's.
//
// The way of a batch: candidates are checked and their images read (kernel_image.h), placed
// (placement.h), planned (batch_plan.h), loaded and run (board_session.h), judged
// (batch_results.h); trial_book.h says whose failure counts, recovery_ladder.h what a board in
// trouble gets.
#ifndef TUNEFARM_MCU_AGENT_BRIDGE_BRIDGE_RUNNER_H_
#define TUNEFARM_MCU_AGENT_BRIDGE_BRIDGE_RUNNER_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/mutex.h"
#include "device_agent/kernel_runner.h"
#include "mcu_agent/bridge/batch_plan.h"
#include "mcu_agent/bridge/batch_results.h"
#include "mcu_agent/bridge/board_contents.h"
#include "mcu_agent/bridge/board_control.h"
#include "mcu_agent/bridge/quarantine_list.h"
#include "mcu_agent/bridge/trial_book.h"

namespace tunefarm::mcu_agent {

struct BridgeOptions {
  std::string triple;  // Of the kernels the board runs.
  bool has_power_hook = false;
  bool run_quarantined = false;  // Consent: kernels that took such a board down run again.
};

class BridgeRunner : public device_agent::KernelRunner {
 public:
  // All must outlive the runner.
  BridgeRunner(BridgeOptions options, const BoardMap* board, BoardControl* control,
               QuarantineList* quarantine, const Pace* pace);

  // Brings the board up when it is not. OK: the device is available. Returns at once when it is or
  // when a Run is under way. Thread-safe.
  absl::Status BringUp();

  // Why the board cannot be used now; "" when it can. Thread-safe.
  std::string unavailable_reason() const;

  // UNAVAILABLE, with the reason, when the board is out of reach after every cure.
  absl::Status Run(const device_agent::MeasureRequest& request, std::stop_token stop,
                   const OnResult& on_result) override;

 private:
  // One request on its way.
  struct Job;

  absl::Status EnsureUp() ABSL_EXCLUSIVE_LOCKS_REQUIRED(work_);
  absl::Status Recover(Symptom symptom, std::string why) ABSL_EXCLUSIVE_LOCKS_REQUIRED(work_);
  // Whether that is news.
  bool SetUnavailable(const std::string& reason);
  void Accept(Job* job) ABSL_EXCLUSIVE_LOCKS_REQUIRED(work_);
  absl::StatusOr<ReadyCandidate> Ready(const v1::Candidate& candidate, const Job& job)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(work_);
  absl::Status RunNextBatch(Job* job, std::stop_token stop) ABSL_EXCLUSIVE_LOCKS_REQUIRED(work_);
  absl::StatusOr<std::vector<size_t>> ChooseBatch(Job* job) ABSL_EXCLUSIVE_LOCKS_REQUIRED(work_);
  absl::Status Cancelled() ABSL_EXCLUSIVE_LOCKS_REQUIRED(work_);
  absl::Status HandleRefusal(const std::string& why, const std::vector<size_t>& batch, Job* job)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(work_);
  void EndThoseForFlash(Job* job) ABSL_EXCLUSIVE_LOCKS_REQUIRED(work_);
  absl::Status HandleTrouble(const QueueEnd& end, const BatchPlan& plan,
                             const std::vector<size_t>& batch, Job* job)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(work_);
  // Ends the candidate: it took the board down.
  void Quarantine(size_t index, const QueueEnd& end, Job* job) ABSL_EXCLUSIVE_LOCKS_REQUIRED(work_);
  absl::Status Judge(const QueueEnd& end, const BatchPlan& plan, const std::vector<size_t>& batch,
                     Job* job) ABSL_EXCLUSIVE_LOCKS_REQUIRED(work_);
  void CountFailure(size_t index, Verdict verdict, Job* job) ABSL_EXCLUSIVE_LOCKS_REQUIRED(work_);
  void CountLoss(size_t index, const std::string& why, Job* job);
  void Report(size_t index, v1::MeasureResult result, Job* job);
  BatchContext Context(const Job& job) ABSL_EXCLUSIVE_LOCKS_REQUIRED(work_);

  const BridgeOptions options_;
  const BoardMap& board_;
  const Pace& pace_;

  base::Mutex work_;  // Held while the board is worked with.
  BoardControl& control_ ABSL_GUARDED_BY(work_);
  QuarantineList& quarantine_ ABSL_GUARDED_BY(work_);
  RecoveryLadder ladder_ ABSL_GUARDED_BY(work_);
  BoardContents contents_ ABSL_GUARDED_BY(work_);
  DrawnChecksums checksums_ ABSL_GUARDED_BY(work_);
  bool up_ ABSL_GUARDED_BY(work_) = false;

  mutable base::Mutex state_;
  std::string unavailable_reason_ ABSL_GUARDED_BY(state_);
};

}  // namespace tunefarm::mcu_agent

#endif  // TUNEFARM_MCU_AGENT_BRIDGE_BRIDGE_RUNNER_H_
