// The strategy and the cost model of a session behind one door: proposals out, results in. The
// model is fitted on a thread of its own while builders and devices work.
#ifndef TUNEFARM_TUNER_SESSION_LEARNER_H_
#define TUNEFARM_TUNER_SESSION_LEARNER_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "tuner/measure/serial_queue.h"
#include "tuner/model/task_model.h"
#include "tuner/model/xgb_cost_model.h"
#include "tuner/search/search_strategy.h"
#include "tuner/session/task_setup.h"
#include "tuner/session/transfer.h"

namespace tunefarm::tuner {

// One caller at a time.
class Learner {
 public:
  // `setup` must outlive this. Errors: kInvalidArgument (no such strategy).
  static absl::StatusOr<std::unique_ptr<Learner>> Create(const std::string& strategy, uint64_t seed,
                                                         const TaskSetup& setup,
                                                         const Transfer& transfer);

  std::vector<Proposal> Propose(size_t n) { return strategy_->Propose(n); }
  // `ok` is false for every outcome that is the config's fault.
  void Observe(uint64_t config_index, bool ok, double cost_ns);
  // The config was measured again, and this counts instead.
  void Correct(uint64_t config_index, bool ok, double cost_ns);
  // Why there is nothing left to propose.
  std::optional<std::string> Done() const { return strategy_->Done(); }

 private:
  explicit Learner(const TaskSetup& setup);

  void Teach(uint64_t config_index, bool ok, double cost_ns);

  XgbCostModel cost_model_;
  TaskModel task_model_;
  std::unique_ptr<SearchStrategy> strategy_;
  bool learns_ = false;
  std::atomic<bool> fit_is_due_ = false;  // Asked for and not begun.
  SerialQueue fitting_;                   // Ends first: it uses the models.
};

}  // namespace tunefarm::tuner

#endif  // TUNEFARM_TUNER_SESSION_LEARNER_H_
