// Everything that can go wrong between a bridge and its emulated board, one kind after the other,
// at a moment of a batch that nobody chose.
#ifndef TUNEFARM_TESTS_SUPPORT_MCU_FARM_SOAK_TROUBLE_H_
#define TUNEFARM_TESTS_SUPPORT_MCU_FARM_SOAK_TROUBLE_H_

#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <list>
#include <map>
#include <string>
#include <thread>

#include "base/rng.h"

namespace tunefarm::testing {

// Where the trouble is made; written by the bridge whenever it starts one of them.
struct TroubleTargets {
  std::atomic<uint16_t> control_port = 0;  // Of tuner-emulated-board.
  std::atomic<pid_t> openocd = 0;
};

class TroubleMaker {
 public:
  // Both must outlive the maker.
  TroubleMaker(const TroubleTargets* targets, base::Rng* rng) : targets_(*targets), rng_(*rng) {}

  // The next kind of trouble, after a delay within a batch's time.
  void Inject();
  // Waits for all that was injected.
  void Join();

  // Injected so far, by command.
  const std::map<std::string, int>& faults() const { return faults_; }

 private:
  const TroubleTargets& targets_;
  base::Rng& rng_;
  size_t num_faults_ = 0;
  std::map<std::string, int> faults_;
  std::list<std::thread> threads_;
};

}  // namespace tunefarm::testing

#endif  // TUNEFARM_TESTS_SUPPORT_MCU_FARM_SOAK_TROUBLE_H_
