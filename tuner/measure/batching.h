// Which of the built candidates travel together, and when. Pure.
//
// A device that would run dry gets at once what there is; while it is busy, candidates gather into
// larger batches, so that the cost of the link is shared. For devices whose link is dear (boards
// behind a debug probe say how many they want) candidates gather while there are any to come.
#ifndef TUNEFARM_TUNER_MEASURE_BATCHING_H_
#define TUNEFARM_TUNER_MEASURE_BATCHING_H_

#include <cstddef>
#include <string>
#include <vector>

namespace tunefarm::tuner {

struct BatchLimits {
  size_t max_candidates = 8;
  size_t max_bytes = size_t{8} << 20;  // Of kernels; a single larger one still travels.
};

// A built candidate that waits to be sent.
struct WaitingCandidate {
  std::string key;  // Only candidates of one key can share a batch.
  size_t bytes = 0;
};

// What is under way.
struct FarmLoad {
  size_t num_devices = 1;  // That could take the candidates; 0 counts as 1.
  size_t outstanding = 0;  // Candidates sent that have no result.
  size_t batch = 0;        // Candidates that the devices want in one batch; 0: they do not say.
  size_t building = 0;     // Candidates that are being built.
};

// Positions of `waiting` that should be sent now as one batch, increasing, beginning with the
// oldest; empty: wait for more. Ask again after sending: there may be another batch.
std::vector<size_t> ChooseBatch(const std::vector<WaitingCandidate>& waiting, const FarmLoad& load,
                                const BatchLimits& limits = {});

// How many candidates should be under way in all, so that each builder and each device has one (or
// one `batch`) at hand and the next beside it.
size_t WantedInFlight(size_t num_builders, size_t num_devices, size_t batch = 1);

}  // namespace tunefarm::tuner

#endif  // TUNEFARM_TUNER_MEASURE_BATCHING_H_
