// Who of a request's candidates runs next, with whom, and when a failure counts: a pure state
// machine.
//
// On a board without an OS a failure has many fathers: the kernel, another kernel of the batch that
// wrote where it should not, a corrupted load, a cable. So no failure is believed the first time:
// a candidate that failed runs once more, alone, with everything loaded anew, and only what it does
// then is its outcome (but for one that a board did not come back from: bridge_runner.cc). Trouble
// of the infrastructure is nobody's failure; a candidate that meets it again and again runs alone,
// so that it cannot take others along, and comes back as lost in the end.
#ifndef TUNEFARM_MCU_AGENT_BRIDGE_TRIAL_BOOK_H_
#define TUNEFARM_MCU_AGENT_BRIDGE_TRIAL_BOOK_H_

#include <cstddef>
#include <vector>

namespace tunefarm::mcu_agent {

class TrialBook {
 public:
  // Batches lost before a candidate runs alone; runs alone that are lost before it is given up.
  static constexpr int kMostSharedLosses = 4;
  static constexpr int kMostLoneLosses = 3;

  explicit TrialBook(size_t num_candidates) : trials_(num_candidates) {}

  // The candidates that could run now, in order: those that share a batch, else one that runs
  // alone. Empty: all have ended. A caller may run fewer of them, from the first.
  std::vector<size_t> Next() const;
  bool RunsAlone(size_t candidate) const { return trials_[candidate].alone; }
  bool HasEnded(size_t candidate) const { return trials_[candidate].ended; }

  // ---- what became of a run, for each candidate that was in it

  // It has its result.
  void End(size_t candidate) { trials_[candidate].ended = true; }
  // It failed by its own doing, as it seems. True: that is its outcome (call End). False: it runs
  // again, alone.
  bool Failed(size_t candidate);
  // The infrastructure failed. True: it is lost for good (call End). False: it runs again.
  bool Lost(size_t candidate);

 private:
  struct Trial {
    bool ended = false;
    bool alone = false;
    bool failed_before = false;
    int shared_losses = 0;
    int lone_losses = 0;
  };
  std::vector<Trial> trials_;
};

}  // namespace tunefarm::mcu_agent

#endif  // TUNEFARM_MCU_AGENT_BRIDGE_TRIAL_BOOK_H_
